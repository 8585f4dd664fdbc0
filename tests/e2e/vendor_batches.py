"""A fake of OpenAI's Batch API around one that answers at once: files in, files out, each line in its own mood."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from tests.e2e.vendor_parts import Answers, Asked, Respond, at_once, mood_of, told
from tests.loopback import Reply

# In a line: the answer that the batch with it was created is lost.
LOSE_THE_BATCH: Final = "[lose the batch]"
# In a line: it is in neither file of results.
FORGET_THE_LINE: Final = "[forget the line]"
# How often a batch is found at work.
_LOOKS: Final = 2
_LINE: Final = re.compile(rb'^\{"custom_id".*\}$', re.MULTILINE)


@dataclass
class _Batch:
    """One batch, and how often it was looked at."""

    id: str
    input_file_id: str
    metadata: Mapping[str, str]
    looks: int = 0


@dataclass
class FakeBatches:
    """Files and batches in memory, beside the images of `submits`."""

    provider: str
    submits: str
    answers: Answers
    files: dict[str, bytes] = field(default_factory=dict)
    batches: dict[str, _Batch] = field(default_factory=dict)

    def __call__(self, asked: Asked) -> Reply:
        """Answer one request."""
        method, _, path = asked.what.partition(" ")
        kind, _, rest = path.partition("?")[0].strip("/").partition("/")
        match (method, kind, rest):
            case ("POST", "files", ""):
                return self._upload(asked.body)
            case ("POST", "batches", ""):
                return self._create(json.loads(asked.body))
            case ("GET", "batches", ""):
                data = [self._told(one) for one in reversed(self.batches.values())] if "after=" not in path else []
                return told({"object": "list", "data": data, "has_more": False})
            case ("GET", "batches", batch_id):
                batch = self.batches[batch_id]
                batch.looks += 1
                return told(self._told(batch))
            case ("GET", "files", name):
                return Reply(body=self.files[name.removesuffix("/content")])
        return at_once(self.submits, self.answers)(asked)

    def _upload(self, form: bytes) -> Reply:
        name = f"file-{len(self.files)}"
        self.files[name] = b"\n".join(_LINE.findall(form.replace(b"\r\n", b"\n")))
        return told({"id": name, "object": "file", "purpose": "batch"})

    def _create(self, wanted: dict[str, Any]) -> Reply:
        batch = _Batch(f"batch_{len(self.batches)}", wanted["input_file_id"], wanted["metadata"])
        self.batches[batch.id] = batch
        answer = told(self._told(batch))
        is_lost = LOSE_THE_BATCH.encode() in self.files[batch.input_file_id]
        return replace(answer, claimed_length=len(answer.body) + 1) if is_lost else answer

    def _told(self, batch: _Batch) -> dict[str, Any]:
        fields = {"id": batch.id, "object": "batch", "metadata": batch.metadata}
        if batch.looks <= _LOOKS:
            return {**fields, "status": "in_progress"}
        self._work(batch)
        files = {"output_file_id": f"{batch.id}-output", "error_file_id": f"{batch.id}-error"}
        return {**fields, "status": "completed", **files}

    def _work(self, batch: _Batch) -> None:
        lines = [line for line in self.files[batch.input_file_id].splitlines() if FORGET_THE_LINE.encode() not in line]
        made = [self._line(json.loads(line), self._reply(line)) for line in reversed(lines)]
        self.files[f"{batch.id}-output"] = b"".join(line for status, line in made if status < 400)
        self.files[f"{batch.id}-error"] = b"".join(line for status, line in made if status >= 400)

    def _reply(self, line: bytes) -> Reply:
        return self.answers[mood_of(self.provider, line)]

    def _line(self, line: dict[str, Any], reply: Reply) -> tuple[int, bytes]:
        response = {"status_code": reply.status, "request_id": "req_fake", "body": json.loads(reply.body)}
        answer = {"id": "batch_req_fake", "custom_id": line["custom_id"], "response": response, "error": None}
        return reply.status, json.dumps(answer).encode() + b"\n"


def with_batches(provider: str, submits: str, answers: Answers) -> Respond:
    """Be a vendor who answers with the picture, and takes batches too."""
    return FakeBatches(provider, submits, answers)
