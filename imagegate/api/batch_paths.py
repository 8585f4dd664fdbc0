"""What the description of the API says of files and batches."""

from pydantic import BaseModel

from imagegate.api.batches import MAX_BATCHES, BatchAnswer, BatchBody, BatchesAnswer
from imagegate.api.files import MAX_FILES, DeletedFileAnswer, FilesAnswer, StoredFileAnswer
from imagegate.api.operations import (
    IDEMPOTENCY_KEY,
    Json,
    body_of,
    json_content,
    operation,
    path_parameter,
    schema_of,
)
from imagegate.api.requests import FileBody
from imagegate.api.responses import FileAnswer
from imagegate.domain.file import JSONL, FilePurpose

BODIES: tuple[type[BaseModel], ...] = (BatchBody, FileBody)
ANSWERS: tuple[type[BaseModel], ...] = (
    BatchAnswer,
    BatchesAnswer,
    DeletedFileAnswer,
    FileAnswer,
    FilesAnswer,
    StoredFileAnswer,
)

_FILE_ID = path_parameter("file_id", "The id of a file.")
_BATCH_ID = path_parameter("batch_id", "The id of a batch.")
_FORM: Json = {
    "type": "object",
    "description": "A file for a batch, of at most 5 MiB.",
    "properties": {
        "file": {"type": "string", "contentMediaType": "application/octet-stream"},
        "purpose": {"type": "string", "enum": ["batch"]},
        "expires_after[anchor]": {"type": "string", "enum": ["created_at"]},
        "expires_after[seconds]": {"type": "integer", "minimum": 3600, "maximum": 2_592_000},
    },
    "required": ["file", "purpose"],
    "additionalProperties": False,
}


def batch_paths() -> Json:
    """Return the descriptions of all paths of files and batches."""
    return {**_file_paths(), **_batch_paths()}


def _file_paths() -> Json:
    return {
        "/v1/files": {"post": _create_file(), "get": _list_files()},
        "/v1/files/{file_id}": {
            "get": operation(
                operation_id="getFile",
                summary="Read what is known of a file.",
                answer=schema_of(StoredFileAnswer),
                errors=("404",),
                parameters=[_FILE_ID],
            ),
            "delete": operation(
                operation_id="deleteFile",
                summary="Delete a file; batches made from it have a copy of their own.",
                answer=schema_of(DeletedFileAnswer),
                errors=("404",),
                parameters=[_FILE_ID],
            ),
        },
        "/v1/files/{file_id}/content": {"get": _read_content()},
    }


def _create_file() -> Json:
    json_body = json_content(schema_of(FileBody))
    return operation(
        operation_id="createFile",
        summary="Upload a file for a batch as a form; or, with JSON, get a signed form for one picture, or for a "
        "batch of up to 200 MB.",
        answer={"anyOf": [schema_of(FileAnswer), schema_of(StoredFileAnswer)]},
        errors=("400", "404", "409", "413"),
        requestBody={"required": True, "content": {**json_body, "multipart/form-data": {"schema": _FORM}}},
        parameters=[IDEMPOTENCY_KEY],
    )


def _list_files() -> Json:
    return operation(
        operation_id="listFiles",
        summary="List the project's files for and of batches.",
        answer=schema_of(FilesAnswer),
        errors=("400",),
        parameters=[
            _limit(10 * MAX_FILES, MAX_FILES),
            _query("after", {"type": "string"}),
            _query("order", {"type": "string", "enum": ["asc", "desc"], "default": "desc"}),
            _query("purpose", {"type": "string", "enum": [purpose.value for purpose in FilePurpose]}),
        ],
    )


def _read_content() -> Json:
    described = operation(
        operation_id="getFileContent",
        summary="Read a file; a large one is at an address that works for an hour.",
        answer={},
        errors=("404",),
        parameters=[_FILE_ID],
    )
    responses = described["responses"]
    assert isinstance(responses, dict)  # noqa: S101 - made just now
    responses["200"] = {"description": "The file.", "content": {JSONL: {"schema": {"type": "string"}}}}
    responses["302"] = {
        "description": "The file is too large for an answer.",
        "headers": {"Location": {"description": "Where it is.", "required": True, "schema": {"type": "string"}}},
    }
    return described


def _batch_paths() -> Json:
    return {
        "/v1/batches": {
            "post": operation(
                operation_id="createBatch",
                summary="Make a generation of each line of a file.",
                answer=schema_of(BatchAnswer),
                errors=("400", "404", "409", "413"),
                requestBody=body_of(BatchBody),
                parameters=[IDEMPOTENCY_KEY],
            ),
            "get": operation(
                operation_id="listBatches",
                summary="List the project's batches, the newest first.",
                answer=schema_of(BatchesAnswer),
                errors=("400",),
                parameters=[_limit(MAX_BATCHES, 20), _query("after", {"type": "string"})],
            ),
        },
        "/v1/batches/{batch_id}": {
            "get": operation(
                operation_id="getBatch",
                summary="Read a batch.",
                answer=schema_of(BatchAnswer),
                errors=("404",),
                parameters=[_BATCH_ID],
            )
        },
        "/v1/batches/{batch_id}/cancel": {
            "post": operation(
                operation_id="cancelBatch",
                summary="Begin no further line of a batch; those that run are finished.",
                answer=schema_of(BatchAnswer),
                errors=("404", "409"),
                parameters=[_BATCH_ID],
            )
        },
    }


def _limit(most: int, silence: int) -> Json:
    return _query("limit", {"type": "integer", "minimum": 1, "maximum": most, "default": silence})


def _query(name: str, schema: Json) -> Json:
    return {"name": name, "in": "query", "required": False, "schema": schema}
