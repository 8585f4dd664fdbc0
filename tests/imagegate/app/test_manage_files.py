"""Files are the project's own, kept for a while, and given out as text or by their address."""

from dataclasses import replace
from datetime import timedelta

import pytest

from imagegate.app.manage_files import MAX_INLINE_BYTES, ManageFiles
from imagegate.domain.errors import FileNotFoundInProjectError, IdempotencyKeyReusedError, InvalidValueError
from imagegate.domain.file import MAX_BATCH_FILE_BYTES, FileQuery, SentFile, StoredFile
from tests.batches import FILE_ID, MemoryFileStore, MemoryObjects, a_file
from tests.builders import OTHER_PROJECT_ID, PRINCIPAL
from tests.fakes import FakeClock, FakeIds

SENT = SentFile(filename="lines.jsonl", data=b"{}\n")


class Files:
    """The use case on ports in memory."""

    def __init__(self) -> None:
        self.store, self.objects, self.clock = MemoryFileStore(), MemoryObjects(), FakeClock()
        self.manage = ManageFiles(files=self.store, objects=self.objects, clock=self.clock, new_id=FakeIds())

    def add(self, data: bytes | None = b"{}\n", **changes: object) -> StoredFile:
        """Keep a file that is not the use case's own."""
        file = a_file(**({"size_bytes": None if data is None else len(data)} | changes))
        self.store.files[file.id] = file
        if data is not None:
            self.objects.objects[file.key] = data
        return file


@pytest.fixture
def files() -> Files:
    return Files()


def test_a_file_is_stored_with_its_record(files: Files) -> None:
    file = files.manage.create(PRINCIPAL, SENT, None)

    assert (file.size_bytes, file.filename) == (3, "lines.jsonl")
    assert file.expires_at - file.created_at == timedelta(days=30)
    assert files.objects.objects == {file.key: b"{}\n"}
    assert files.manage.read(PRINCIPAL, file.id) == file


def test_a_file_is_kept_as_long_as_its_sender_wants(files: Files) -> None:
    file = files.manage.create(PRINCIPAL, replace(SENT, retention=timedelta(hours=1)), None)
    files.clock.sleep(3600)

    with pytest.raises(FileNotFoundInProjectError):
        files.manage.read(PRINCIPAL, file.id)
    assert files.manage.page(PRINCIPAL, FileQuery(limit=10)).files == ()


def test_an_empty_file_is_refused(files: Files) -> None:
    with pytest.raises(InvalidValueError):
        files.manage.create(PRINCIPAL, replace(SENT, data=b""), None)


def test_a_repeat_with_the_same_key_is_the_same_file(files: Files) -> None:
    first = files.manage.create(PRINCIPAL, SENT, "once")
    second = files.manage.create(PRINCIPAL, SENT, "once")

    assert first == second
    assert list(files.objects.objects) == [first.key]


def test_a_key_that_was_used_for_another_file_is_refused(files: Files) -> None:
    files.manage.create(PRINCIPAL, SENT, "once")

    with pytest.raises(IdempotencyKeyReusedError):
        files.manage.create(PRINCIPAL, replace(SENT, data=b"[]\n"), "once")


def test_a_key_whose_file_was_deleted_makes_no_other(files: Files) -> None:
    first = files.manage.create(PRINCIPAL, SENT, "once")
    files.manage.delete(PRINCIPAL, first.id)

    with pytest.raises(FileNotFoundInProjectError):
        files.manage.create(PRINCIPAL, SENT, "once")


def test_an_upload_is_a_form_for_as_much_as_a_batch_may_hold(files: Files) -> None:
    file, upload = files.manage.open_upload(PRINCIPAL, "large.jsonl", "once")

    again, _ = files.manage.open_upload(PRINCIPAL, "large.jsonl", "once")
    assert again == file
    assert (upload.max_bytes, upload.lifetime_seconds) == (MAX_BATCH_FILE_BYTES, 900)
    assert files.manage.read(PRINCIPAL, file.id).size_bytes is None


def test_an_upload_has_a_size_once_it_is_there(files: Files) -> None:
    file, _ = files.manage.open_upload(PRINCIPAL, "large.jsonl", None)
    with pytest.raises(FileNotFoundInProjectError, match="not uploaded"):
        files.manage.content(PRINCIPAL, file.id)

    files.objects.objects[file.key] = b"{}\n"

    assert files.manage.read(PRINCIPAL, file.id).size_bytes == 3
    assert [one.size_bytes for one in files.manage.page(PRINCIPAL, FileQuery(limit=10)).files] == [3]


def test_a_small_file_is_given_out_as_text(files: Files) -> None:
    files.add("ä\n".encode())

    content = files.manage.content(PRINCIPAL, FILE_ID)

    assert (content.text, content.url) == ("ä\n", None)


@pytest.mark.parametrize("data", [b"x" * (MAX_INLINE_BYTES + 1), b"\xff\xfe"])
def test_a_file_that_does_not_fit_into_an_answer_is_given_out_by_its_address(files: Files, data: bytes) -> None:
    file = files.add(data)

    content = files.manage.content(PRINCIPAL, FILE_ID)

    assert (content.text, content.url) == (None, f"https://bucket.example/{file.key}")


def test_a_deleted_file_is_gone_with_its_bytes(files: Files) -> None:
    files.add()

    assert files.manage.delete(PRINCIPAL, FILE_ID).id == FILE_ID

    assert (files.store.files, files.objects.objects) == ({}, {})


@pytest.mark.parametrize("file_id", [FILE_ID, "file_1", "no id at all"])
def test_another_projects_file_and_none_at_all_look_the_same(files: Files, file_id: str) -> None:
    files.add(project_id=OTHER_PROJECT_ID)

    with pytest.raises(FileNotFoundInProjectError):
        files.manage.read(PRINCIPAL, file_id)
