"""Tell uploads: the form with which a file is put straight into storage."""

import time

from imagegate.api.responses import FileAnswer, UploadAnswer
from imagegate.app.ports import Upload


def file_answer(file_id: str, upload: Upload) -> FileAnswer:
    """Tell an opened upload."""
    return FileAnswer(id=file_id, created_at=int(time.time()), upload=upload_answer(upload))


def upload_answer(upload: Upload) -> UploadAnswer:
    """Tell the form with which a file is put into storage."""
    expires_at = int(time.time()) + upload.lifetime_seconds
    return UploadAnswer(url=upload.url, fields=dict(upload.fields), max_bytes=upload.max_bytes, expires_at=expires_at)
