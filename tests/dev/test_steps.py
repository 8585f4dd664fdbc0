"""The small decisions of the tooling: what is current, what is refused, what is said."""

import os
import sys
from pathlib import Path

import pytest

from dev import account, check, demo, deploy, environments
from dev.console import StepFailedError, run_logged, tail_of
from dev.paths import LOCAL_ASSEMBLY


def test_a_fingerprint_changes_with_content_and_not_with_time(tmp_path: Path) -> None:
    lock = tmp_path / "lock.txt"
    lock.write_text("one")
    before = environments.fingerprint_of([lock], "extra")
    os.utime(lock, (0, 0))
    touched = environments.fingerprint_of([lock], "extra")
    lock.write_text("two")

    assert touched == before
    assert environments.fingerprint_of([lock], "extra") != before


def test_only_a_stamp_with_the_same_fingerprint_is_current(tmp_path: Path) -> None:
    stamp = tmp_path / ".stamp"
    missing = environments.is_current(stamp, "one")
    stamp.write_text("one")

    assert not missing
    assert environments.is_current(stamp, "one")
    assert not environments.is_current(stamp, "two")


def test_a_failed_program_leaves_its_log_and_advice(tmp_path: Path) -> None:
    log = tmp_path / "logs" / "step.log"

    with pytest.raises(StepFailedError, match=r"It broke \(exit status 3\)") as caught:
        run_logged(
            [sys.executable, "-c", "print('the reason'); raise SystemExit(3)"],
            log=log,
            environment=os.environ,
            folder=tmp_path,
            failure="It broke",
            advice="Mend it.",
        )

    assert caught.value.advice == "Mend it."
    assert tail_of(log) == "the reason"


def test_the_tail_of_a_log_is_its_last_lines(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("1\n2\n3\n")

    assert tail_of(log, lines=2) == "2\n3"
    assert tail_of(tmp_path / "missing") == ""


def test_outputs_of_all_stacks_are_one_table() -> None:
    assert deploy.read_outputs('{"One": {"a": "1"}, "Two": {"b": "2"}}') == {"a": "1", "b": "2"}


def test_cdk_finds_our_uv_first_and_reports_to_nobody() -> None:
    environment = deploy.cdk_environment({"PATH": "/bin"})

    assert environment["PATH"].endswith(f".venv/tools/bin{os.pathsep}/bin")
    assert environment["CDK_DISABLE_CLI_TELEMETRY"] == "true"


@pytest.mark.parametrize(
    "url", ["http://127.0.0.1:4566", "http://localhost:4566", "http://s3.localhost:4566", "http://[::1]:4566"]
)
def test_deploying_to_an_account_is_refused_while_an_endpoint_is_this_machine(url: str) -> None:
    with pytest.raises(StepFailedError, match="points at this machine"):
        account.refuse_emulator({"AWS_ENDPOINT_URL_S3": url})


def test_deploying_to_an_account_is_not_refused_otherwise() -> None:
    account.refuse_emulator({"AWS_PROFILE": "production", "AWS_ENDPOINT_URL": "https://vpce.example"})


def test_only_what_the_checkout_has_is_checked(tmp_path: Path) -> None:
    (tmp_path / "package").mkdir()
    (tmp_path / "package" / "module.py").touch()
    (tmp_path / "empty").mkdir()
    (tmp_path / "script.py").touch()

    assert check.existing(["package", "empty", "missing", "script.py"], tmp_path) == ["package", "script.py"]


@pytest.mark.parametrize(
    ("prompt", "slug"),
    [
        ("A red circle, on blue!", "a-red-circle-on-blue"),
        ("../../etc/passwd", "etc-passwd"),
        ("人", "picture"),
        ("x" * 200, "x" * 60),
    ],
)
def test_a_picture_is_named_for_its_prompt(prompt: str, slug: str) -> None:
    assert demo.slug_of(prompt) == slug


def test_a_report_tells_what_the_gateway_told() -> None:
    facts = {
        "id": "gen_1",
        "provider": "embedded",
        "model": "embedded/scenes",
        "cost": {"amount": "0.04", "currency": "USD", "source": "a price list"},
        "warnings": [{"type": "adjusted", "message": "The size was rounded."}],
    }

    lines = [line.split(maxsplit=1) for line in demo.report(facts, 1.25)]

    assert lines == [
        ["provider", "embedded"],
        ["model", "embedded/scenes"],
        ["seconds", "1.2"],
        ["cost", "0.04 USD"],
        ["generation", "gen_1"],
        ["warnings", "The size was rounded."],
    ]


def test_the_same_sources_with_another_context_are_synthesized_anew_into_another_place() -> None:
    context = {"provider_endpoints": "{}"}

    assert deploy.source_fingerprint() == deploy.source_fingerprint({})
    assert deploy.source_fingerprint(context) != deploy.source_fingerprint()
    assert deploy.assembly_for(None) == deploy.assembly_for({}) == LOCAL_ASSEMBLY
    assert deploy.assembly_for(context) not in {LOCAL_ASSEMBLY, deploy.assembly_for({"provider_endpoints": "[]"})}
