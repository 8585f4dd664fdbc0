"""Files: the form that OpenAI's SDKs upload with, and file objects in OpenAI's shape."""

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Literal

from pydantic import BaseModel
from python_multipart import create_form_parser
from python_multipart.exceptions import FormParserError
from python_multipart.multipart import Field as FormField
from python_multipart.multipart import File as FormFile

from imagegate.api.responses import UploadAnswer
from imagegate.domain.errors import (
    InvalidJsonError,
    InvalidValueError,
    MissingParameterError,
    UnknownParameterError,
)
from imagegate.domain.file import FILE_RETENTION, FilePurpose, FileQuery, SentFile, StoredFile
from imagegate.domain.ids import FileId, is_id

MAX_FILENAME_CHARACTERS = 255
MAX_FILES = 1000
SHORTEST_RETENTION = timedelta(hours=1)
_FILE = "file"
_PURPOSE = "purpose"
_ANCHOR = "expires_after[anchor]"
_SECONDS = "expires_after[seconds]"
_FIELDS = frozenset({_PURPOSE, _ANCHOR, _SECONDS})
_PARAMETERS = ("limit", "after", "order", "purpose")
_NUMBER = re.compile(r"[0-9]{1,9}")
# The body is in memory already and bounded: no file on disk could make it smaller.
_IN_MEMORY = {"MAX_MEMORY_FILE_SIZE": float("inf")}


class StoredFileAnswer(BaseModel):
    """A file in OpenAI's shape; `bytes` is 0 until it was uploaded with the form in `upload`."""

    id: str
    object: Literal["file"] = "file"
    bytes: int
    created_at: int
    expires_at: int
    filename: str
    purpose: FilePurpose
    status: Literal["uploaded", "processed"]
    upload: UploadAnswer | None = None


class FilesAnswer(BaseModel):
    """`GET /v1/files`: give `last_id` as `after` for the next page."""

    object: Literal["list"] = "list"
    data: list[StoredFileAnswer]
    first_id: str | None = None
    last_id: str | None = None
    has_more: bool


class DeletedFileAnswer(BaseModel):
    """`DELETE /v1/files/{id}`."""

    id: str
    object: Literal["file"] = "file"
    deleted: Literal[True] = True


def read_file(body: bytes, content_type: str) -> SentFile:
    """Read the form that uploads one file for a batch.

    Raises:
        InvalidRequestError: the first thing that is wrong with it.
    """
    fields, files = _read_form(body, content_type)
    unknown = next((name for name in fields if name not in _FIELDS), None)
    if unknown is not None:
        raise UnknownParameterError(f"Unknown parameter {unknown[:99]!r}. Remove it.", param=unknown[:99])
    if len(files) != 1 or files[0][0] != _FILE:
        raise MissingParameterError("Send one file, as `file`.", param=_FILE)
    if fields.get(_PURPOSE) != FilePurpose.BATCH.value:
        message = "`purpose` must be `batch`. For a large picture, ask for an upload form with a JSON body."
        raise InvalidValueError(message, param=_PURPOSE)
    _, filename, data = files[0]
    return SentFile(filename=filename, data=data, retention=_retention(fields))


def read_file_query(parameters: Mapping[str, str]) -> FileQuery:
    """Read which files are wanted.

    Raises:
        InvalidRequestError: the first parameter that is wrong.
    """
    check_parameters(parameters, _PARAMETERS)
    after, order, purpose = (parameters.get(name) for name in ("after", "order", "purpose"))
    if after is not None and not is_id("file", after):
        raise InvalidValueError("`after` must be the id of a file.", param="after")
    if order not in {None, "asc", "desc"}:
        raise InvalidValueError("`order` is `asc` or `desc`.", param="order")
    if purpose is not None and purpose not in set(FilePurpose):
        raise InvalidValueError(f"`purpose` is one of {', '.join(FilePurpose)}.", param="purpose")
    return FileQuery(
        # OpenAI's own limit is ten times as high; its SDKs ask for the next page by themselves.
        limit=min(read_limit(parameters, most=10 * MAX_FILES, silence=MAX_FILES), MAX_FILES),
        after=FileId(after) if after else None,
        purpose=FilePurpose(purpose) if purpose else None,
        is_ascending=order == "asc",
    )


def check_parameters(parameters: Mapping[str, str], known: Sequence[str]) -> None:
    """Refuse a query parameter that a list does not know."""
    unknown = next((name for name in parameters if name not in known), None)
    if unknown is not None:
        message = f"Unknown parameter {unknown[:99]!r}. This list takes {', '.join(known)}."
        raise UnknownParameterError(message, param=unknown[:99])


def read_limit(parameters: Mapping[str, str], *, most: int, silence: int) -> int:
    """Read how many things are wanted."""
    text = parameters.get("limit")
    if text is None:
        return silence
    if not _NUMBER.fullmatch(text) or not 1 <= int(text) <= most:
        raise InvalidValueError(f"`limit` is a number from 1 to {most}.", param="limit")
    return int(text)


def tell_file(file: StoredFile, upload: UploadAnswer | None = None) -> StoredFileAnswer:
    """Tell one file."""
    return StoredFileAnswer(
        id=file.id,
        bytes=file.size_bytes or 0,
        created_at=int(file.created_at.timestamp()),
        expires_at=int(file.expires_at.timestamp()),
        filename=file.filename,
        purpose=file.purpose,
        status="uploaded" if file.size_bytes is None else "processed",
        upload=upload,
    )


def tell_files(files: Sequence[StoredFile], *, has_more: bool) -> FilesAnswer:
    """Tell a page of files."""
    return FilesAnswer(
        data=[tell_file(file) for file in files],
        first_id=files[0].id if files else None,
        last_id=files[-1].id if files else None,
        has_more=has_more,
    )


def _retention(fields: Mapping[str, str]) -> timedelta:
    if _ANCHOR not in fields and _SECONDS not in fields:
        return FILE_RETENTION
    if fields.get(_ANCHOR) != "created_at":
        raise InvalidValueError("`expires_after[anchor]` must be `created_at`.", param=_ANCHOR)
    shortest, longest = (int(one.total_seconds()) for one in (SHORTEST_RETENTION, FILE_RETENTION))
    text = fields.get(_SECONDS, "")
    if not _NUMBER.fullmatch(text) or not shortest <= int(text) <= longest:
        message = f"`expires_after[seconds]` is a number from {shortest} to {longest}."
        raise InvalidValueError(message, param=_SECONDS)
    return timedelta(seconds=int(text))


def _read_form(body: bytes, content_type: str) -> tuple[dict[str, str], list[tuple[str, str, bytes]]]:
    fields: dict[str, str] = {}
    files: list[tuple[str, str, bytes]] = []

    def on_field(field: FormField) -> None:
        fields[_text(field.field_name)] = _text(field.value)

    def on_file(file: FormFile) -> None:
        file.file_object.seek(0)
        name = _text(file.file_name)[:MAX_FILENAME_CHARACTERS]
        files.append((_text(file.field_name), name, file.file_object.read()))

    try:
        parser = create_form_parser({"Content-Type": content_type.encode()}, on_field, on_file, config=_IN_MEMORY)
        parser.write(body)
        parser.finalize()
    except (FormParserError, ValueError) as error:
        raise InvalidJsonError("The form cannot be read. Send it as multipart/form-data with a boundary.") from error
    return fields, files


def _text(value: bytes | None) -> str:
    return (value or b"").decode("utf-8", "replace")
