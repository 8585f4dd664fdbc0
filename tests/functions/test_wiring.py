"""Environment and paths: what the stack gives, the document promises and the handlers need are the same."""

import re
from collections.abc import Iterator
from types import ModuleType

import pytest

import shared_names
from imagegate.api.openapi import openapi_document
from imagegate.domain.errors import ConfigurationError
from tests.functions.conftest import VALUES, LoadHandler

FUNCTIONS = ("authorize", "batch", "deliver", "job", "moderate", "notify", "reconcile", "route", "webhook")
# Without these a function works all the same.
OPTIONAL = {shared_names.PROVIDER_ENDPOINTS, shared_names.PROVIDER_SECRETS, shared_names.PUBLIC_URL}
NEEDED = [
    (function, name)
    for function in FUNCTIONS
    for name in shared_names.FUNCTION_ENVIRONMENT[function]
    if name not in OPTIONAL
]
# Paths for providers, which send what they like.
UNDOCUMENTED = {"POST /v1/webhooks/{provider}"}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_starts_with_what_the_stack_gives_it(load: LoadHandler, function: str) -> None:
    assert load(function).handler


@pytest.mark.parametrize(("function", "name"), NEEDED)
def test_a_handler_names_the_setting_that_is_missing(load: LoadHandler, function: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        load(function, without=name)


@pytest.mark.parametrize(("function", "name"), NEEDED)
def test_a_setting_that_is_empty_is_missing(load: LoadHandler, function: str, name: str) -> None:
    with pytest.raises(ConfigurationError, match=name):
        load(function, **{name: ""})


@pytest.mark.parametrize("name", sorted(OPTIONAL))
@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_handler_starts_without_what_is_optional(load: LoadHandler, function: str, name: str) -> None:
    assert load(function, without=name).handler


@pytest.mark.parametrize("function", ["route", "job"])
def test_providers_are_told_to_call_the_public_address(load: LoadHandler, function: str) -> None:
    assert _callback_url(load(function)) == "https://gateway.example/live/v1/webhooks"


def test_on_an_emulator_the_public_address_begins_with_the_emulators_own(load: LoadHandler) -> None:
    path = {shared_names.PUBLIC_URL: "/_aws/execute-api/abc/live", "AWS_ENDPOINT_URL": "http://127.0.0.1:4566"}

    url = _callback_url(load("job", **path))

    assert url == "http://127.0.0.1:4566/_aws/execute-api/abc/live/v1/webhooks"


def test_nobody_is_told_to_call_an_address_that_is_not_known(load: LoadHandler) -> None:
    assert _callback_url(load("job", without=shared_names.PUBLIC_URL)) is None


def _callback_url(function: ModuleType) -> str | None:
    services = getattr(function, "services", None)
    steps = services.generate.steps if services else function.run_job.steps
    url: str | None = steps.plan.calls.callback_url
    return url


def test_every_setting_that_the_code_reads_is_known_here() -> None:
    given = {name for names in shared_names.FUNCTION_ENVIRONMENT.values() for name in names}

    assert given - OPTIONAL <= set(VALUES)


def test_an_endpoint_wins_over_the_address_on_aws(load: LoadHandler) -> None:
    endpoints = '{"embedded": "http://127.0.0.1:9/mock"}'

    overridden = load("route", **{shared_names.PROVIDER_ENDPOINTS: endpoints})
    usual = load("route")

    assert _address(overridden) == "http://127.0.0.1:9/mock"
    assert _address(usual).startswith("https://lambda.us-east-1.amazonaws.com/")
    assert "/imagegate-embedded/" in _address(usual)


@pytest.mark.parametrize("endpoints", ["{", "[]", '{"embedded": 3}'])
def test_endpoints_that_are_no_addresses_by_provider_are_named(load: LoadHandler, endpoints: str) -> None:
    with pytest.raises(ConfigurationError, match=shared_names.PROVIDER_ENDPOINTS):
        load("route", **{shared_names.PROVIDER_ENDPOINTS: endpoints})


def _address(route: ModuleType) -> str:
    address: str = route.services.generate.accept.calls.providers.base_url("embedded")
    return address


def _operations(handler: ModuleType) -> Iterator[str]:
    """Every method and path that a handler answers, but for those it only refuses."""
    resolver = handler.app
    for route in (*resolver._static_routes, *resolver._dynamic_routes):
        methods = [route.method] if isinstance(route.method, str) else route.method
        if route.func.__name__ != "refuse":
            path = re.sub(r"<(.+?)>", r"{\1}", route.path)
            yield from (f"{method} {path}" for method in methods)


def test_every_documented_path_has_a_handler_and_every_handler_a_documented_path(load: LoadHandler) -> None:
    documented = {
        f"{method.upper()} {path}"
        for path, methods in _mapping(openapi_document("..", "1")["paths"]).items()
        for method in _mapping(methods)
    }

    handled = {one for function in ("moderate", "route", "webhook") for one in _operations(load(function))}

    assert handled - UNDOCUMENTED == documented


def _mapping(value: object) -> dict[str, object]:
    assert isinstance(value, dict)
    return value
