"""The fields that say where a request goes: names of models in either shape, and the wishes in `route`."""

import json
from decimal import Decimal
from typing import Any

import pytest

from imagegate.api.edits import ImageEditBody, read_edit
from imagegate.api.requests import ImageGenerationBody, read_body
from imagegate.domain.errors import InvalidRequestError
from imagegate.domain.filters import Filters
from imagegate.domain.request import GenerationRequest, fingerprint
from imagegate.multipart import encode
from tests.pictures import picture

NAMES = [f"painter/{index}" for index in range(11)]


def _request(**fields: Any) -> GenerationRequest:
    return read_body(ImageGenerationBody, json.dumps({"prompt": "a circle"} | fields)).to_domain()


def _refusal(**fields: Any) -> tuple[str, str | None]:
    with pytest.raises(InvalidRequestError) as refused:
        _request(**fields)
    return refused.value.code, refused.value.param


def _edit(*fields: tuple[str, str]) -> GenerationRequest:
    body, content_type = encode([("prompt", "a hat"), *fields], [("image", "one.png", "image/png", picture())])
    parsed, _ = read_edit(ImageEditBody, body, content_type)
    return parsed.to_request(parsed.operation)


@pytest.mark.parametrize("model", [None, ""])
def test_without_a_model_the_projects_default_is_asked_for(model: str | None) -> None:
    assert _request(model=model).model == _request().model == "default"


def test_a_list_and_its_names_with_commas_are_the_same_request() -> None:
    as_list, as_text = _request(model=["painter/oils", "cheapest"]), _request(model="painter/oils, cheapest")

    assert as_list.model == as_text.model == "painter/oils,cheapest"
    assert fingerprint(as_list) == fingerprint(as_text)


def test_ten_names_of_the_longest_are_taken() -> None:
    longest = [f"{index}{'m' * 255}" for index in range(10)]

    assert _request(model=longest).model.split(",") == _request(model=",".join(longest)).model.split(",") == longest


@pytest.mark.parametrize(
    ("model", "code"),
    [
        (3, "invalid_type"),
        ({}, "invalid_type"),
        ([], "invalid_type"),
        ([3], "invalid_type"),
        (" , ", "invalid_value"),
        ([" "], "invalid_value"),
        ([","], "invalid_value"),
        ("m" * 257, "invalid_value"),
        ("m" * 257 + ",n", "invalid_value"),
        (",".join(NAMES), "invalid_value"),
        ([*NAMES[:9], "a,b"], "invalid_value"),
    ],
)
def test_what_is_no_list_of_names_is_refused_by_name(model: Any, code: str) -> None:
    assert _refusal(model=model) == (code, "model")


def test_wishes_of_targets_reach_the_domain() -> None:
    wishes = {
        "max_price": "0.050",
        "max_seconds": 8,
        "providers": ["openai", "bfl"],
        "exclude_providers": ["firefly"],
        "require_seed": True,
        "fallback": False,
    }

    request = _request(route=wishes)

    assert request.filters == Filters(
        allow=("openai", "bfl"), deny=("firefly",), max_price=Decimal("0.050"), max_seconds=8, needs_seed=True
    )
    assert not request.has_fallback


@pytest.mark.parametrize("route", [None, {}, {"fallback": True}, {"max_price": None, "fallback": None}])
def test_no_wish_is_no_limit(route: Any) -> None:
    request = _request(route=route)

    assert (request.filters, request.has_fallback) == (Filters(), True)


@pytest.mark.parametrize(
    ("route", "code", "param"),
    [
        ([], "invalid_type", "route"),
        ({"max_prise": "1"}, "unknown_parameter", "route.max_prise"),
        ({"max_price": 0.05}, "invalid_type", "route.max_price"),
        ({"max_price": "-1"}, "invalid_value", "route.max_price"),
        ({"max_price": "1e3"}, "invalid_value", "route.max_price"),
        ({"max_price": "NaN"}, "invalid_value", "route.max_price"),
        ({"max_price": "1\n"}, "invalid_value", "route.max_price"),
        ({"max_seconds": 0}, "invalid_value", "route.max_seconds"),
        ({"max_seconds": 3601}, "invalid_value", "route.max_seconds"),
        ({"max_seconds": "8"}, "invalid_type", "route.max_seconds"),
        ({"providers": []}, "invalid_value", "route.providers"),
        ({"providers": "openai"}, "invalid_type", "route.providers"),
        ({"providers": ["p"] * 33}, "invalid_value", "route.providers"),
        ({"fallback": "no"}, "invalid_type", "route.fallback"),
    ],
)
def test_a_wrong_wish_is_named(route: Any, code: str, param: str) -> None:
    assert _refusal(route=route) == (code, param)


def test_a_form_says_the_same_as_openais_sdks_write_it() -> None:
    nested = _edit(
        ("model[]", "painter/oils"),
        ("model[]", "cheapest"),
        ("route[max_price]", "0.05"),
        ("route[max_seconds]", "8"),
        ("route[providers][]", "openai"),
        ("route[providers][]", "bfl"),
        ("route[fallback]", "false"),
    )
    as_json = _edit(
        ("model", "painter/oils,cheapest"),
        ("route", '{"max_price": "0.05", "max_seconds": 8, "providers": ["openai", "bfl"], "fallback": false}'),
    )

    assert nested == as_json
    assert nested.filters == Filters(allow=("openai", "bfl"), max_price=Decimal("0.05"), max_seconds=8)
