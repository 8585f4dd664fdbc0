"""Manage files: take the texts that batches are made of, list them, and give them and the batches' results out."""

from dataclasses import dataclass, replace
from datetime import datetime

from imagegate.app.batch_ports import FileObjects, FilePage, FileStore, SubjectTakenError
from imagegate.app.claims import check_repeat, new_claim
from imagegate.app.ports import Clock, NewId, Upload
from imagegate.domain.errors import FileNotFoundInProjectError, InvalidValueError
from imagegate.domain.file import (
    FILE_RETENTION,
    JSONL,
    MAX_BATCH_FILE_BYTES,
    FilePurpose,
    FileQuery,
    SentFile,
    StoredFile,
)
from imagegate.domain.ids import FileId, ProjectId, is_id
from imagegate.domain.project import Principal
from shared_names import FILES_PREFIX

UPLOAD_LIFETIME_SECONDS = 900
# Lambda's answer holds 6 MB of JSON, in which each quote of a text takes two bytes.
MAX_INLINE_BYTES = 2560 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class FileContent:
    """What a file holds: its text where that fits into an answer, else an address to read it at."""

    text: str | None = None
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ManageFiles:
    """The files of the caller's project; one that has expired, another project's, and none at all look the same."""

    files: FileStore
    objects: FileObjects
    clock: Clock
    new_id: NewId

    def create(self, principal: Principal, sent: SentFile, key: str | None) -> StoredFile:
        """Store a file for a batch.

        Raises:
            CallerError: it is empty, or its key was used for another file.
        """
        if not sent.data:
            raise InvalidValueError("The file is empty. Write one request in each line.", param="file")
        file = replace(self._new(principal.project_id, sent.filename), size_bytes=len(sent.data))
        file = replace(file, expires_at=file.created_at + sent.retention)
        self.objects.put(file.key, sent.data, JSONL)
        first = self._add(file, key, f"file {sent.retention} {sent.filename}\n".encode() + sent.data)
        if first.id != file.id:
            self.objects.delete(file.key)
        return first

    def open_upload(self, principal: Principal, filename: str, key: str | None) -> tuple[StoredFile, Upload]:
        """Return a file, and a signed form with which its bytes can be put straight into storage."""
        file = self._new(principal.project_id, filename)
        file = self._add(file, key, f"form {filename}".encode())
        form = self.objects.open_upload(file.key, JSONL, MAX_BATCH_FILE_BYTES, UPLOAD_LIFETIME_SECONDS)
        return file, form

    def read(self, principal: Principal, file_id: str) -> StoredFile:
        """Return one file; without a size as long as it is not uploaded.

        Raises:
            FileNotFoundInProjectError: there is none in the caller's project.
        """
        file = None
        if is_id("file", file_id):
            file = self.files.read(principal.project_id, FileId(file_id))
        if file is None or file.expires_at <= self.clock():
            message = f"There is no file {file_id!r} in this project. Files are kept for {FILE_RETENTION.days} days."
            raise FileNotFoundInProjectError(message)
        return self._sized(file)

    def page(self, principal: Principal, query: FileQuery) -> FilePage:
        """Return some of the project's files."""
        page = self.files.page(principal.project_id, query)
        now = self.clock()
        return replace(page, files=tuple(self._sized(file) for file in page.files if file.expires_at > now))

    def content(self, principal: Principal, file_id: str) -> FileContent:
        """Return what a file holds.

        Raises:
            CallerError: there is no such file, or it was not uploaded.
        """
        file = self.read(principal, file_id)
        if file.size_bytes is None:
            message = f"The file {file_id!r} was not uploaded. Send it with the form that came with its id."
            raise FileNotFoundInProjectError(message)
        if file.size_bytes > MAX_INLINE_BYTES:
            return FileContent(url=self.objects.url(file.key))
        try:
            return FileContent(text=b"".join(self.objects.chunks(file.key)).decode())
        except UnicodeDecodeError:
            # The answer is text; storage gives out any bytes.
            return FileContent(url=self.objects.url(file.key))

    def delete(self, principal: Principal, file_id: str) -> StoredFile:
        """Delete a file; a batch that was made from it has a copy of its own."""
        file = self.read(principal, file_id)
        self.objects.delete(file.key)
        self.files.delete(file)
        return file

    def _new(self, project_id: ProjectId, filename: str) -> StoredFile:
        return new_file(FileId(self.new_id("file")), project_id, FilePurpose.BATCH, filename, self.clock())

    def _add(self, file: StoredFile, key: str | None, content: bytes) -> StoredFile:
        claim = new_claim(file.project_id, key, content, file.id, file.created_at)
        try:
            self.files.add(file, claim)
        except SubjectTakenError as taken:
            check_repeat(claim, taken.owner)
            first = self.files.read(file.project_id, FileId(taken.owner.subject_id))
            if first is None:
                message = "The file of this Idempotency-Key was deleted. Send a new key to upload it again."
                raise FileNotFoundInProjectError(message) from taken
            return first
        return file

    def _sized(self, file: StoredFile) -> StoredFile:
        return file if file.size_bytes is not None else replace(file, size_bytes=self.objects.size(file.key))


def new_file(file_id: FileId, project_id: ProjectId, purpose: FilePurpose, filename: str, now: datetime) -> StoredFile:
    """Return the record of a file that begins to be kept now."""
    return StoredFile(
        id=file_id,
        project_id=project_id,
        purpose=purpose,
        filename=filename,
        key=f"{FILES_PREFIX}{project_id}/{file_id}",
        created_at=now,
        expires_at=now + FILE_RETENTION,
    )
