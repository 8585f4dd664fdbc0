"""Requests made up from the API's own description get answers that the description announced."""

import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

from dev.paths import executable
from tests.e2e.asking import download
from tests.e2e.support import DeployedGateway

_CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
_SECONDS: Final = 400
# First each bound and wrong type once, then bodies at random; the seed makes every run the same.
_BOTH_PHASES: Final = ("--phases", "coverage,fuzzing")
# Side by side as processes: the threads of `--workers` break Python 3.11's parser, which this program uses
# (https://github.com/python/cpython/issues/106905).
_BEGINS: Final = "createGeneration"
_PARTS: Final = (
    ("--include-path", "/v1/images/edits", *_BOTH_PHASES),
    ("--exclude-path-regex", "/v1/images/(edits|upscales)$", "--exclude-operation-id", _BEGINS, *_BOTH_PHASES),
    # The bodies are those of edits, whose bounds are tried there; what is begun here costs a run of the machine.
    ("--include-path", "/v1/images/upscales", "--phases", "fuzzing"),
    ("--include-operation-id", _BEGINS, "--phases", "fuzzing"),
)
_OPTIONS: Final = {
    "--checks": ",".join(_CHECKS),
    "--max-examples": "4",
    "--seed": "20261122",
    "--generation-database": "none",
    "--request-timeout": "60",
    "--warnings": "off",
}
_FLAGS: Final = ("--continue-on-failure", "--no-shrink", "--no-color")


def test_every_answer_is_one_that_the_description_announces(gateway: DeployedGateway, tmp_path: Path) -> None:
    url = gateway.base_url.removesuffix("/v1")
    program = str(executable("dev", "schemathesis"))
    options = {**_OPTIONS, "--url": url, "--header": f"Authorization: Bearer {gateway.api_key}"}
    # Read once, and not by each of them: on a busy machine they wait less long for it than a cold start may take.
    document = tmp_path / "openapi.json"
    document.write_bytes(download(f"{url}/v1/openapi.json"))
    arguments = [*_FLAGS, *(part for option in options.items() for part in option)]

    def run(part: tuple[str, ...]) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [program, "run", str(document), *arguments, *part],
            cwd=tmp_path,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
            timeout=_SECONDS,
        )

    with ThreadPoolExecutor(max_workers=len(_PARTS)) as pool:
        runs = list(pool.map(run, _PARTS))

    assert [one.returncode for one in runs] == [0] * len(runs), "\n".join(one.stdout for one in runs)
