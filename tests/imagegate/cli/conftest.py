"""Every test of the command runs in an empty folder, with a fake gateway where it asks for one."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.imagegate.cli.support import API_KEY, FakeGateway, gateway_file, served


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder the command runs in."""
    monkeypatch.chdir(tmp_path)
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE"):
        monkeypatch.delenv(name, raising=False)
    return tmp_path


@pytest.fixture
def gateway() -> Iterator[FakeGateway]:
    """A gateway that nothing is configured for."""
    with served() as gateway:
        yield gateway


@pytest.fixture
def connected(gateway: FakeGateway, monkeypatch: pytest.MonkeyPatch) -> FakeGateway:
    """A gateway that the environment points to."""
    monkeypatch.setenv("IMAGEGATE_BASE_URL", gateway.base_url)
    monkeypatch.setenv("IMAGEGATE_API_KEY", API_KEY)
    return gateway


@pytest.fixture
def local(gateway: FakeGateway, folder: Path) -> FakeGateway:
    """A gateway that `make up` wrote down."""
    file = folder / ".local" / "gateway.json"
    file.parent.mkdir()
    file.write_text(gateway_file(gateway), encoding="utf-8")
    return gateway
