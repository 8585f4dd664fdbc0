"""The gateway file: complete, private, and read back only when it is whole."""

import json
from pathlib import Path

import pytest

from dev.emulator import Emulator
from dev.gateway import Gateway, Keys, base_url_of, cli_environment, read_gateway
from shared_names import (
    AUDIT_TABLE,
    IMAGES_BUCKET,
    OUTPUT_API_ID,
    OUTPUT_AUDIT_TABLE,
    OUTPUT_IMAGES_BUCKET,
    OUTPUT_STAGE,
    OUTPUT_TABLE,
    TABLE,
)

OUTPUTS = {
    OUTPUT_API_ID: "abc123",
    OUTPUT_STAGE: "live",
    OUTPUT_TABLE: "a-table",
    OUTPUT_AUDIT_TABLE: "an-audit-table",
    OUTPUT_IMAGES_BUCKET: "a-bucket",
}


@pytest.fixture
def gateway(tmp_path: Path) -> Gateway:
    return Gateway(
        base_url="http://127.0.0.1:4566/v1",
        keys=Keys(project_id="project", api_key="client key", admin_key="admin key"),
        outputs=OUTPUTS,
        emulator=Emulator(pid=1, started_at="2", port=4566, folder=tmp_path),
        fingerprint=None,
    )


def test_a_gateway_survives_being_written_down(gateway: Gateway, tmp_path: Path) -> None:
    gateway.write(tmp_path / "gateway.json")

    assert read_gateway(tmp_path / "gateway.json") == gateway


def test_the_file_holds_what_scripts_read(gateway: Gateway, tmp_path: Path) -> None:
    gateway.write(tmp_path / "gateway.json")

    content = json.loads((tmp_path / "gateway.json").read_text())
    assert content["base_url"] == "http://127.0.0.1:4566/v1"
    assert content["api_key"] == "client key"
    assert content["admin_key"] == "admin key"
    assert content["aws_endpoint_url"] == "http://127.0.0.1:4566"
    assert content["outputs"] == OUTPUTS
    assert content["emulator"]["pid"] == 1


def test_only_its_owner_can_read_the_file_even_when_others_could_before(gateway: Gateway, tmp_path: Path) -> None:
    file = tmp_path / "gateway.json"
    file.write_text("{}")
    file.chmod(0o644)

    gateway.write(file)

    assert file.stat().st_mode & 0o777 == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["gateway.json"]


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"base_url": 1}'])
def test_a_file_that_is_not_whole_describes_no_gateway(text: str, tmp_path: Path) -> None:
    (tmp_path / "gateway.json").write_text(text)

    assert read_gateway(tmp_path / "gateway.json") is None


def test_a_missing_file_describes_no_gateway(tmp_path: Path) -> None:
    assert read_gateway(tmp_path / "gateway.json") is None


def test_the_base_url_is_the_emulators_and_ends_as_openai_clients_expect() -> None:
    url = base_url_of("http://127.0.0.1:4566", OUTPUTS)

    assert url == "http://127.0.0.1:4566/_aws/execute-api/abc123/live/v1"


def test_the_command_line_is_told_where_the_stack_keeps_its_data() -> None:
    environment = cli_environment("http://127.0.0.1:4566", OUTPUTS)

    assert environment["AWS_ENDPOINT_URL"] == "http://127.0.0.1:4566"
    assert [environment[name] for name in (TABLE, AUDIT_TABLE, IMAGES_BUCKET)] == [
        "a-table",
        "an-audit-table",
        "a-bucket",
    ]
