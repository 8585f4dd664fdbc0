"""Lines of batches that travel in their provider's own batch, which is sent once and told line by line."""

from collections.abc import Callable
from typing import Final

import openai
import pytest
from openai.types import Batch
from PIL import ImageColor

from tests.e2e.asking import PROMPT, download, opened_picture
from tests.e2e.test_batches import a_line, read, run
from tests.e2e.vendor_batches import FORGET_THE_LINE, LOSE_THE_BATCH
from tests.e2e.vendors import FAKES, Vendors

OPENAI: Final = FAKES["openai"]
SIZE: Final = "1024x1024"


def openai_line(custom_id: str, prompt: str) -> bytes:
    """Return a line that asks OpenAI."""
    return a_line(custom_id, model=OPENAI.model_id, prompt=prompt, size=SIZE)


@pytest.fixture(scope="module")
def traveled(client: openai.OpenAI, running_vendors: Vendors) -> Batch:
    """A batch of which four lines travel and one does not."""
    return run(
        client,
        openai_line("one", "a kite in a batch"),
        a_line("demo", prompt=PROMPT),
        openai_line("two", "a kite in a batch, too"),
        openai_line("refused", "a kite in a batch [refuse]"),
        openai_line("forgotten", f"a kite in a batch {FORGET_THE_LINE}"),
    )


def test_lines_travel_in_one_batch_and_are_told_in_order(client: openai.OpenAI, traveled: Batch) -> None:
    counts = traveled.request_counts
    assert counts is not None
    assert (traveled.status, counts.completed, counts.failed) == ("completed", 3, 2)

    lines = read(client, traveled.output_file_id)

    assert [line["custom_id"] for line in lines] == ["one", "demo", "two"]
    told = lines[0]["response"]["body"]
    assert (told["imagegate"]["status"], told["imagegate"]["provider"]) == ("succeeded", "openai")
    picture = opened_picture(download(told["data"][0]["url"])).convert("RGB")
    assert picture.getpixel((5, 5)) == ImageColor.getrgb(OPENAI.color)


def test_a_refusal_and_a_line_without_an_answer_are_told_as_such(client: openai.OpenAI, traveled: Batch) -> None:
    lines = read(client, traveled.error_file_id)

    told = {line["custom_id"]: line["response"]["body"]["error"]["code"] for line in lines}
    assert told == {"refused": "moderation_blocked", "forgotten": "outcome_unknown"}


def test_a_line_that_travels_is_not_sent_alone(vendors: Vendors, traveled: Batch) -> None:
    uploads = [one for one in vendors.received("openai", "a kite in a batch") if one.path == "/openai/files"]

    assert len(uploads) == 1
    assert vendors.submits("a kite in a batch", "openai") == []


def test_a_batch_whose_answer_was_lost_is_found_and_not_created_again(
    client: openai.OpenAI, vendors: Vendors, created: Callable[[str], int]
) -> None:
    batch = run(client, openai_line("one", f"a kite that is lost {LOSE_THE_BATCH}"))

    (line,) = read(client, batch.output_file_id)
    assert line["response"]["body"]["imagegate"]["status"] == "succeeded"
    assert created(batch.id) == 1


@pytest.fixture
def created(vendors: Vendors) -> Callable[[str], int]:
    """Counts the batches that were created at OpenAI for one of ours."""

    def count(batch_id: str) -> int:
        return len([one for one in vendors.received("openai", f"{batch_id}/") if one.path == "/openai/batches"])

    return count
