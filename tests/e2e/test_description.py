"""Requests made up from the API's own description get answers that the description announced."""

import subprocess
from pathlib import Path
from typing import Final

from dev.paths import executable
from tests.e2e.support import DeployedGateway

_CHECKS: Final = (
    "not_a_server_error",
    "status_code_conformance",
    "content_type_conformance",
    "response_headers_conformance",
    "response_schema_conformance",
    "negative_data_rejection",
)
_SECONDS: Final = 170
_OPTIONS: Final = {
    "--checks": ",".join(_CHECKS),
    # First each bound and wrong type once, then bodies at random; the seed makes every run the same.
    "--phases": "coverage,fuzzing",
    "--max-examples": "8",
    "--workers": "2",
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
    arguments = [*_FLAGS, *(part for option in options.items() for part in option)]

    run = subprocess.run(
        [program, "run", f"{url}/v1/openapi.json", *arguments],
        cwd=tmp_path,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=_SECONDS,
    )

    assert run.returncode == 0, run.stdout
