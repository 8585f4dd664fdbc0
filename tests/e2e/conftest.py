"""One deployed gateway for all end-to-end tests, with fakes in the place of providers.

`IMAGEGATE_E2E_GATEWAY=.local/gateway.json` uses what `make up` started, for quick loops; it knows no fakes, so tests
that need them are skipped.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import openai
import pytest

from dev import emulator
from dev.console import StepFailedError, tail_of
from dev.gateway import Gateway, Keys, create_keys, launch, read_gateway
from tests.e2e.asking import Ask, ask_async, ask_blocking, opened_client
from tests.e2e.support import DeployedGateway, opened
from tests.e2e.vendors import Vendors, opened_vendors

_FOLDER = Path(__file__).parent
# Tests of the state machine need not wait as long as production does. Not zero: it would ask without a pause for what
# is due only after a while by everybody's clock.
_SETTINGS = {"SFN_WAIT_SCALE": "0.02"}
_RUNNING_GATEWAY = "IMAGEGATE_E2E_GATEWAY"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark everything here, so that `-m "not e2e"` leaves it out."""
    for item in items:
        if item.path.is_relative_to(_FOLDER):
            item.add_marker("e2e")


@pytest.fixture(scope="session")
def running_vendors() -> Iterator[Vendors]:
    """The fakes, which must run before the gateway is deployed: it is told their addresses."""
    with opened_vendors() as running:
        yield running


@pytest.fixture
def vendors(running_vendors: Vendors, gateway: DeployedGateway) -> Vendors:
    """The fakes that stand in for the gateway's providers."""
    if os.environ.get(_RUNNING_GATEWAY):
        pytest.skip(f"the gateway of {_RUNNING_GATEWAY} knows no fakes")
    return running_vendors


@pytest.fixture(scope="session")
def gateway(tmp_path_factory: pytest.TempPathFactory, running_vendors: Vendors) -> Iterator[DeployedGateway]:
    """A gateway on an emulator of its own, or the one whose file the environment names."""
    if file := os.environ.get(_RUNNING_GATEWAY):
        running = read_gateway(Path(file))
        assert running is not None, f"{file} describes no gateway; `make up` writes one"
        with opened(running) as deployed:
            yield deployed
        return
    context = {"provider_endpoints": json.dumps(running_vendors.endpoints())}
    launched = _launched(tmp_path_factory.mktemp("emulator"), context)
    try:
        with opened(launched) as deployed:
            running_vendors.configure(deployed)
            yield deployed
    finally:
        emulator.stop(launched.emulator)


def _launched(folder: Path, context: dict[str, str]) -> Gateway:
    try:
        return launch(folder, port=emulator.free_port(), project="e2e", settings=_SETTINGS, context=context)
    except StepFailedError as error:
        pytest.fail(f"{error}\n{tail_of(error.log) if error.log else ''}", pytrace=False)


@pytest.fixture(scope="session")
def client(gateway: DeployedGateway) -> Iterator[openai.OpenAI]:
    """The official client with the key of the gateway's project."""
    with opened_client(gateway.base_url, gateway.api_key) as opened_one:
        yield opened_one


@pytest.fixture(scope="session", params=[ask_blocking, ask_async], ids=["blocking", "async"])
def ask(request: pytest.FixtureRequest, gateway: DeployedGateway) -> Ask:
    """Asks for pictures, once through each of the two official clients."""
    asking: Ask = request.param(gateway.base_url, gateway.api_key)
    return asking


@pytest.fixture(scope="session")
def stranger(gateway: DeployedGateway) -> Keys:
    """The keys of another project on the same gateway."""
    return create_keys(gateway.aws_endpoint_url, gateway.outputs, project="stranger")
