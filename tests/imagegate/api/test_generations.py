"""The body of any operation and the parameters of a list: read whole, or refused by the first thing that is wrong."""

import base64
import json
from typing import Any

import pytest

from imagegate.api.generations import read_generation, read_list
from imagegate.domain.errors import ImagegateError
from imagegate.domain.job import Status
from imagegate.domain.listing import JobQuery
from imagegate.domain.request import Operation

ID = f"gen_{'0' * 31}1"
PICTURE = [{"file_id": "file_one"}]


def _read(**fields: Any) -> Any:
    return read_generation(json.dumps(fields).encode())


def _refusal(call: Any, *arguments: Any, **fields: Any) -> tuple[str, str | None]:
    with pytest.raises(ImagegateError) as refused:
        call(*arguments, **fields)
    assert refused.value.http_status == 400
    return refused.value.code, refused.value.param


def test_a_prompt_alone_makes_a_picture() -> None:
    request, pictures = _read(prompt="a kite", n=2, seed=7)

    assert (request.operation, request.prompt, request.count, request.seed) == (Operation.GENERATE, "a kite", 2, 7)
    assert pictures.all() == []


def test_a_prompt_with_pictures_edits_them() -> None:
    data = f"data:image/png;base64,{base64.b64encode(b'bytes').decode()}"
    request, pictures = _read(prompt="a hat", images=[*PICTURE, {"image_url": data}], mask={"file_id": "file_two"})

    assert request.operation is Operation.EDIT
    assert [one.file_id for one in pictures.all()] == ["file_one", None, "file_two"]
    assert pictures.images[1].data == b"bytes"


@pytest.mark.parametrize("operation", [one for one in Operation if one is not Operation.GENERATE])
def test_any_operation_can_be_named(operation: Operation) -> None:
    request, _ = _read(operation=operation.value, images=PICTURE)

    assert (request.operation, request.prompt) == (operation, "")
    assert _refusal(_read, operation=operation.value, prompt="a hat") == ("invalid_request", "images")


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({}, "missing_required_parameter", "prompt"),
        ({"prompt": " \n"}, "empty_prompt", "prompt"),
        ({"prompt": "x" * 32_001}, "prompt_too_long", "prompt"),
        ({"prompt": "a kite", "operation": "generate", "images": PICTURE}, "invalid_value", "operation"),
        ({"prompt": "a kite", "mask": PICTURE[0]}, "invalid_value", "operation"),
        ({"prompt": "a kite", "operation": "paint"}, "invalid_value", "operation"),
        ({"prompt": "a kite", "style": "vivid"}, "unknown_parameter", "style"),
        ({"prompt": "a kite", "n": 0}, "invalid_count", "n"),
    ],
)
def test_what_is_wrong_with_a_body_is_told(fields: dict[str, Any], code: str, param: str) -> None:
    assert _refusal(_read, **fields) == (code, param)


def test_without_parameters_the_newest_twenty_are_wanted() -> None:
    assert read_list({}) == JobQuery(limit=20)


def test_every_parameter_is_read() -> None:
    parameters = {
        "limit": "100",
        "after": ID,
        "order": "asc",
        "status": "needs_review",
        "end_user": "ann",
        "created_after": "0",
        "created_before": "253402300799",
    }

    assert read_list(parameters) == JobQuery(
        limit=100,
        after=ID,  # type: ignore[arg-type]
        oldest_first=True,
        status=Status.NEEDS_REVIEW,
        end_user="ann",
        created_after=0,
        created_before=253_402_300_799,
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "٣"),
        ("limit", ""),
        ("after", "gen_one"),
        ("after", ""),
        ("order", "up"),
        ("status", "done"),
        ("end_user", ""),
        ("end_user", "x" * 513),
        ("created_after", "yesterday"),
        ("created_before", "253402300800"),
        ("created_before", "9" * 40),
    ],
)
def test_what_is_wrong_with_a_parameter_is_told(name: str, value: str) -> None:
    assert _refusal(read_list, {name: value}) == ("invalid_value", name)


def test_an_unknown_parameter_is_no_filter_that_is_lost() -> None:
    assert _refusal(read_list, {"staus": "failed"}) == ("unknown_parameter", "staus")
    assert _refusal(read_list, {"x" * 999: ""}) == ("unknown_parameter", "x" * 256)
