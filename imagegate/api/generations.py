"""`/v1/generations`: the body of every operation, which list is wanted, and answers that are not one generation."""

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import BaseModel, Field

from imagegate.api.edits import EditBody, Pictures, references_of
from imagegate.api.requests import MAX_NAME_CHARACTERS, PROMPT_PATTERN, read_body
from imagegate.api.responses import GenerationAnswer
from imagegate.domain.errors import (
    EmptyPromptError,
    InvalidRequestError,
    InvalidValueError,
    MissingParameterError,
    UnknownParameterError,
)
from imagegate.domain.ids import JobId, is_id
from imagegate.domain.job import Status
from imagegate.domain.listing import DEFAULT_LIMIT, MAX_LIMIT, JobQuery
from imagegate.domain.request import GenerationRequest, Operation

MAX_END_USER_CHARACTERS = 512
# The last second of the year 9999.
LAST_MOMENT = 253_402_300_799
_ORDERS = ("desc", "asc")
_STATUSES = tuple(status.value for status in Status)
_PARAMETERS = ("limit", "after", "order", "status", "end_user", "created_after", "created_before")


class GenerationBody(EditBody):
    """`POST /v1/generations`: any operation, with its pictures by reference."""

    operation: Operation | None = Field(
        default=None, description="`generate` without `images`, and `edit` with them, unless told otherwise."
    )


class GenerationsAnswer(BaseModel):
    """`GET /v1/generations`: give `last_id` as `after` for the next page."""

    object: Literal["list"] = "list"
    data: list[GenerationAnswer]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool


class DeletedGenerationAnswer(BaseModel):
    """`DELETE /v1/generations/{id}`."""

    id: str
    object: Literal["generation.deleted"] = "generation.deleted"
    deleted: Literal[True] = True


def read_generation(body: bytes) -> tuple[GenerationRequest, Pictures]:
    """Read the body of any operation.

    Raises:
        InvalidRequestError: the first thing that is wrong with it.
    """
    parsed = read_body(GenerationBody, body)
    pictures = references_of(parsed)
    operation = parsed.operation or (Operation.EDIT if pictures.images else Operation.GENERATE)
    if operation is Operation.GENERATE:
        _check_generate(parsed, pictures)
    elif not pictures.images:
        raise InvalidRequestError(f"There is no input image to {operation.value}. Send `images`.", param="images")
    return parsed.to_request(operation), pictures


def _check_generate(body: GenerationBody, pictures: Pictures) -> None:
    if pictures.all():
        message = "The operation `generate` takes no pictures. Send another `operation`, or leave the pictures out."
        raise InvalidValueError(message, param="operation")
    if body.prompt is None:
        raise MissingParameterError("Missing required parameter 'prompt'. Add it.", param="prompt")
    if not re.search(PROMPT_PATTERN, body.prompt):
        raise EmptyPromptError("The prompt is empty. Say what to draw.", param="prompt")


def read_list(parameters: Mapping[str, str]) -> JobQuery:
    """Read the query parameters of a list.

    Raises:
        InvalidRequestError: the first thing that is wrong with them; an unknown one would be a filter that is lost.
    """
    unknown = next((name[:MAX_NAME_CHARACTERS] for name in parameters if name not in _PARAMETERS), None)
    if unknown is not None:
        message = f"Unknown parameter {unknown!r}. Use {', '.join(_PARAMETERS)}."
        raise UnknownParameterError(message, param=unknown)
    status, limit = parameters.get("status"), _number(parameters, "limit", 1, MAX_LIMIT)
    return JobQuery(
        limit=limit or DEFAULT_LIMIT,
        after=_after(parameters.get("after")),
        oldest_first=_one_of(parameters.get("order", "desc"), _ORDERS, "order") == "asc",
        status=None if status is None else Status(_one_of(status, _STATUSES, "status")),
        end_user=_end_user(parameters.get("end_user")),
        created_after=_number(parameters, "created_after", 0, LAST_MOMENT),
        created_before=_number(parameters, "created_before", 0, LAST_MOMENT),
    )


def list_parameters() -> list[dict[str, object]]:
    """Describe the query parameters of a list."""
    moment = {"type": "integer", "minimum": 0, "maximum": LAST_MOMENT}
    described: dict[str, tuple[str, dict[str, object]]] = {
        "limit": (
            "How many at most.",
            {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT},
        ),
        "after": (
            "The `last_id` of the page before. A page of few among very many may be short although `has_more` is true.",
            {"type": "string", "pattern": "^gen_[0-9a-f]{32}$"},
        ),
        "order": ("`desc`, the newest first, or `asc`.", {"type": "string", "enum": list(_ORDERS), "default": "desc"}),
        "status": ("Only those that stand so.", {"type": "string", "enum": list(_STATUSES)}),
        "end_user": (
            "Only those of this user of yours, named as in `safety_identifier`.",
            {"type": "string", "minLength": 1, "maxLength": MAX_END_USER_CHARACTERS},
        ),
        "created_after": ("Only those begun at this moment or later, in unix seconds.", {**moment}),
        "created_before": ("Only those begun before this moment, in unix seconds.", {**moment}),
    }
    return [
        {"name": name, "in": "query", "required": False, "description": description, "schema": schema}
        for name, (description, schema) in described.items()
    ]


def _after(text: str | None) -> JobId | None:
    if text is not None and not is_id("gen", text):
        raise InvalidValueError("`after` is the id of a generation: the `last_id` of the page before.", param="after")
    return None if text is None else JobId(text)


def _end_user(text: str | None) -> str | None:
    if text is not None and not 1 <= len(text) <= MAX_END_USER_CHARACTERS:
        message = f"`end_user` is 1 to {MAX_END_USER_CHARACTERS} characters, as they were sent in `safety_identifier`."
        raise InvalidValueError(message, param="end_user")
    return text


def _number(parameters: Mapping[str, str], name: str, lowest: int, highest: int) -> int | None:
    text = parameters.get(name)
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,12}", text) or not lowest <= int(text) <= highest:
        raise InvalidValueError(f"`{name}` is a whole number from {lowest} to {highest}.", param=name)
    return int(text)


def _one_of(text: str, choices: tuple[str, ...], name: str) -> str:
    if text not in choices:
        raise InvalidValueError(f"`{name}` is one of {', '.join(choices)}.", param=name)
    return text
