"""Handlers imported as Lambda does, with exactly the environment that the stack gives them."""

import importlib
import sys
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

import boto3
import pytest

import shared_names
from imagegate.aws.projects import DynamoProjectStore
from imagegate.aws.secrets import SecretsManagerStore
from tests.account import (
    AUDIT_TABLE,
    BUCKET,
    DELIVERY_MACHINE,
    MACHINE,
    REGION,
    TABLE,
    Account,
    new_account,
    opened_account,
)
from tests.builders import a_project, an_api_key
from tests.functions.gateway import ENDPOINT_PATH, SLOW, Gateway, MovedClock, SlowVendor, paint
from tests.loopback import Loopback, served

VALUES = {
    shared_names.TABLE: TABLE,
    shared_names.AUDIT_TABLE: AUDIT_TABLE,
    shared_names.IMAGES_BUCKET: BUCKET,
    shared_names.EMBEDDED_FUNCTION: "imagegate-embedded",
    shared_names.PROVIDER_ENDPOINTS: "{}",
    shared_names.GENERATION_MACHINE: MACHINE,
    shared_names.BATCH_MACHINE: MACHINE,
    shared_names.PUBLIC_URL: "https://gateway.example/live",
    shared_names.DELIVERY_MACHINE: DELIVERY_MACHINE,
}

# Where the clock comes from.
WIRING = ("deployment", "generations", "job", "route")

LoadHandler = Callable[..., ModuleType]


def load_handler(patch: pytest.MonkeyPatch, function: str, *, without: str = "", **values: str) -> ModuleType:
    """Import a handler anew in the environment that the stack gives to its function."""
    for name in VALUES:
        patch.delenv(name, raising=False)
    for name in shared_names.FUNCTION_ENVIRONMENT[function]:
        if name != without and name in VALUES:
            patch.setenv(name, VALUES[name])
    for name, value in {"POWERTOOLS_METRICS_NAMESPACE": "Imagegate", **values}.items():
        patch.setenv(name, value)
    patch.delitem(sys.modules, f"functions.{function}.handler", raising=False)
    return importlib.import_module(f"functions.{function}.handler")


@pytest.fixture
def load(monkeypatch: pytest.MonkeyPatch) -> LoadHandler:
    return lambda function, **changes: load_handler(monkeypatch, function, **changes)


@pytest.fixture(scope="session")
def account_clients(_only_dummy_aws_settings: None) -> Account:
    return new_account()


@pytest.fixture
def account(account_clients: Account) -> Iterator[Account]:
    with opened_account(account_clients) as account:
        store = DynamoProjectStore(client=account.dynamodb, table=TABLE)
        store.write_project(a_project())
        store.write_key(an_api_key())
        secrets = boto3.client("secretsmanager", region_name=REGION)
        SecretsManagerStore(client=secrets, prefix=shared_names.PROVIDER_SECRET_PREFIX).write(SLOW, {"api_key": "k1"})
        yield account


@pytest.fixture(scope="session")
def _vendor() -> Iterator[Loopback]:
    with served(paint) as loopback:
        yield loopback


@pytest.fixture(scope="session")
def _route(account_clients: Account, _vendor: Loopback) -> Iterator[ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        endpoints = f'{{"embedded": "{_vendor.url}{ENDPOINT_PATH}"}}'
        route = load_handler(patch, "route", **{shared_names.PROVIDER_ENDPOINTS: endpoints})
    # The environment was read at import; kept any longer, it would reach the tests of other folders.
    yield route
    _close_connections(route)


@pytest.fixture(scope="session")
def _clock() -> MovedClock:
    return MovedClock()


@pytest.fixture(scope="session")
def _slow_functions(
    account_clients: Account, _vendor: Loopback, _clock: MovedClock
) -> Iterator[tuple[ModuleType, ModuleType]]:
    """The route and job functions with a second provider, which answers later, and a clock that nobody waits for."""
    endpoints = f'{{"embedded": "{_vendor.url}{ENDPOINT_PATH}", "{SLOW}": "{_vendor.url}"}}'
    with pytest.MonkeyPatch.context() as patch:
        for module in WIRING:
            patch.setattr(f"imagegate.wiring.{module}.now", _clock)
        route, job = (
            load_handler(patch, function, **{shared_names.PROVIDER_ENDPOINTS: endpoints})
            for function in ("route", "job")
        )
        object.__setattr__(route.services.generate, "sleep", _clock.sleep)
    yield route, job
    _close_connections(route)
    job.run_job.steps.plan.calls.transport._pool.clear()


def _close_connections(route: ModuleType) -> None:
    transport: Any = route.services.generate.accept.calls.transport
    transport._pool.clear()


@pytest.fixture(scope="session")
def _authorize(account_clients: Account) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        return load_handler(patch, "authorize")


@pytest.fixture
def gateway(account: Account, _route: ModuleType, _vendor: Loopback) -> Gateway:
    _vendor.respond = paint
    _vendor.received.clear()
    return Gateway(handler=_route.handler, account=account, vendor=_vendor)


@pytest.fixture
def slow(
    account: Account, _slow_functions: tuple[ModuleType, ModuleType], _vendor: Loopback, _clock: MovedClock
) -> Iterator[SlowVendor]:
    """A gateway whose second provider answers later."""
    route, job = _slow_functions
    vendor = SlowVendor(handler=route.handler, job=job.handler, clock=_clock, account=account, vendor=_vendor)
    _vendor.respond = vendor.respond
    _vendor.received.clear()
    yield vendor
    _clock.reset()
