"""`/v1/files`: pictures and batches on their way in, and the results of batches on their way out."""

from dataclasses import dataclass
from http import HTTPStatus

from aws_lambda_powertools.event_handler import APIGatewayRestResolver, Response

from functions import rest
from functions.route.telling import file_answer, upload_answer
from imagegate.api.files import DeletedFileAnswer, read_file, read_file_query, tell_file, tell_files
from imagegate.api.requests import FileBody, read_body, read_idempotency_key
from imagegate.app.manage_files import ManageFiles
from imagegate.app.receive_images import ReceiveImages
from imagegate.domain.errors import InvalidValueError
from imagegate.domain.file import JSONL, FilePurpose

_FILE = "/v1/files/<file_id>"
_CONTENT = "/v1/files/<file_id>/content"


@dataclass(frozen=True, slots=True, kw_only=True)
class FileRoutes:
    """The paths of files."""

    app: APIGatewayRestResolver
    files: ManageFiles
    receive_images: ReceiveImages

    def add(self) -> None:
        """Add them to the application."""
        self.app.post("/v1/files")(self.create)
        self.app.get("/v1/files")(self.page)
        self.app.get(_FILE)(self.read)
        self.app.get(_CONTENT)(self.content)
        self.app.delete(_FILE)(self.delete)
        rest.refuse_other_methods(self.app, "/v1/files", "GET", "POST")
        rest.refuse_other_methods(self.app, _FILE, "DELETE", "GET")
        rest.refuse_other_methods(self.app, _CONTENT, "GET")

    def create(self) -> Response[str]:
        """Take a file for a batch as a form, or open an upload for anything larger."""
        key = read_idempotency_key(self.app.current_event.headers.get("Idempotency-Key"))
        content_type = rest.content_type_of(self.app)
        if not content_type.lower().startswith("multipart/form-data"):
            return self._open_upload(key)
        sent = read_file(rest.body_of(self.app), content_type)
        return rest.answer(self.app, tell_file(self.files.create(rest.principal_of(self.app), sent, key)))

    def page(self) -> Response[str]:
        """List files, the newest first."""
        query = read_file_query(self.app.current_event.query_string_parameters)
        page = self.files.page(rest.principal_of(self.app), query)
        return rest.answer(self.app, tell_files(page.files, has_more=page.has_more))

    def read(self, file_id: str) -> Response[str]:
        """Read what is known of a file."""
        return rest.answer(self.app, tell_file(self.files.read(rest.principal_of(self.app), file_id)))

    def content(self, file_id: str) -> Response[str]:
        """Give out a file, or the address of one that is too large for an answer."""
        content = self.files.content(rest.principal_of(self.app), file_id)
        if content.url is not None:
            return Response(status_code=HTTPStatus.FOUND, content_type=JSONL, headers={"location": content.url})
        return Response(status_code=HTTPStatus.OK, content_type=JSONL, body=content.text)

    def delete(self, file_id: str) -> Response[str]:
        """Delete a file."""
        deleted = self.files.delete(rest.principal_of(self.app), file_id)
        return rest.answer(self.app, DeletedFileAnswer(id=deleted.id))

    def _open_upload(self, key: str | None) -> Response[str]:
        body = read_body(FileBody, rest.body_of(self.app))
        principal = rest.principal_of(self.app)
        if body.purpose != FilePurpose.BATCH.value:
            return rest.answer(self.app, file_answer(*self.receive_images.open_upload(principal, body.content_type)))
        if body.content_type != JSONL:
            raise InvalidValueError(f"`content_type` of a batch must be {JSONL}.", param="content_type")
        file, upload = self.files.open_upload(principal, body.filename or "batch.jsonl", key)
        return rest.answer(self.app, tell_file(file, upload_answer(upload)))
