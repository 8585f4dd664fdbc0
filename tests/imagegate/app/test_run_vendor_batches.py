"""Lines travel in their provider's batch, which is created once however often the steps are repeated."""

from dataclasses import replace
from typing import Any

import pytest

from imagegate.app import vendor_chunks
from imagegate.app.ports import AnswerLostError, NotSentError
from imagegate.app.work_on_line import LineRequest, LineStep
from imagegate.domain.batch import BatchStatus, Skip, cancel
from imagegate.domain.decision import Decision
from imagegate.domain.errors import (
    ConfigurationError,
    ProviderCredentialsError,
    ProviderFailedError,
    ProviderThrottledError,
    ProviderUnavailableError,
)
from imagegate.domain.job import Outcome, Status, problem_of
from imagegate.domain.progress import Step, next_step
from imagegate.domain.provider import Failed
from imagegate.domain.vendor_batch import (
    CreateBatch,
    ListBatches,
    LookAtBatch,
    UploadLines,
    VendorBatch,
)
from tests.batch_vendor import ENDPOINTS, OVER, Travel
from tests.batches import BATCH_ID, a_batch
from tests.builders import a_finding, a_request

RUNNING = VendorBatch(id="vendor_1")
THROTTLED = Failed(error=ProviderThrottledError("Later."))
DENIED = Failed(error=ProviderCredentialsError("No."))
SUCCEEDED = {"status": "succeeded", "code": None}


def test_a_line_that_travels_is_accepted_and_neither_run_nor_sent() -> None:
    travel = Travel()

    (verdict,) = travel.begin()

    (job,) = travel.jobs()
    assert (verdict.next, verdict.job_id) == (LineStep.TRAVEL, job.id)
    assert (job.status, job.attempts[0].sent_at, job.attempts[0].in_batch) == (Status.RUNNING, None, True)
    assert travel.gateway.transport.sent == []
    assert travel.begin() == [verdict]


def test_lines_are_sent_in_one_batch_waited_for_and_told() -> None:
    travel = Travel(lines=3, looks=[(RUNNING,), (OVER,)])
    travel.begin()

    assert travel() == 5
    assert [job.attempts[0].sent_at is not None for job in travel.jobs()] == [True] * 3
    assert travel() == 5
    assert travel() is None

    assert travel.told() == dict.fromkeys((1, 2, 3), SUCCEEDED)
    assert travel.provider.asked(UploadLines) == travel.provider.asked(CreateBatch) == 1
    counts = travel.batches.batches[BATCH_ID].counts
    assert (counts.completed, counts.failed) == (3, 0)
    assert [job.cost is not None and job.cost.is_estimate for job in travel.jobs()] == [True] * 3
    assert travel() is None


def test_what_is_uploaded_are_the_lines_of_the_generations() -> None:
    travel = Travel(lines=2)
    travel.begin()

    travel()

    wish = travel.provider.wishes[0]
    assert isinstance(wish, UploadLines)
    assert [travel.result(job).split(b"}")[0] for job in travel.jobs()] == [
        line.split(b", ")[0] for line in wish.data.splitlines()
    ]


def test_lines_are_split_into_batches_that_one_function_can_manage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(vendor_chunks, "MOST_LINES", 2)
    travel = Travel(lines=5)
    travel.begin()

    while travel() is not None:
        pass

    names = [wish.name for wish in travel.provider.wishes if isinstance(wish, CreateBatch)]
    assert names == [f"{BATCH_ID}/{number}" for number in (1, 2, 3)]
    assert travel.told() == dict.fromkeys(range(1, 6), SUCCEEDED)


@pytest.mark.parametrize(("answered", "pictures"), [((1, 2), 2), ((2, 1), 2), ((2,), 1)])
def test_a_generation_of_several_calls_has_a_line_for_each(answered: tuple[int, ...], pictures: int) -> None:
    travel = Travel()
    two = LineRequest(request=a_request(count=2))
    travel.work.begin(travel.tasks[0], replace(ENDPOINTS, read=lambda _endpoint, _line: two))
    (job,) = travel.jobs()
    travel.files["results"] = b"".join(b'{"custom_id": "%s/%d"}\n' % (job.id.encode(), one) for one in answered)
    travel()

    assert travel() is None

    (job,) = travel.jobs()
    assert (len(job.attempts), len(job.images), job.status) == (2, pictures, Status.SUCCEEDED)
    assert travel.told() == {1: SUCCEEDED}


def test_a_batch_without_such_lines_and_one_that_is_over_have_nothing_to_wait_for() -> None:
    travel = Travel()
    assert travel() is None

    travel.begin()
    travel.batches.batches[BATCH_ID] = a_batch(status=BatchStatus.FAILED)
    assert travel() is None
    assert travel.provider.wishes == []


@pytest.mark.parametrize("kind", ["uploaded", "created"])
def test_what_the_provider_cannot_take_just_now_is_sent_later(kind: str) -> None:
    taken = (VendorBatch(id="vendor_1"),)
    answers: dict[str, Any] = {kind: [THROTTLED, taken]}
    travel = Travel(**answers)
    travel.begin()

    assert travel() is not None
    assert travel() is not None
    assert travel() is None
    assert travel.told() == {1: SUCCEEDED}


@pytest.mark.parametrize("kind", ["uploaded", "created"])
def test_what_the_provider_will_not_take_fails_every_line_without_a_charge(kind: str) -> None:
    answers: dict[str, Any] = {kind: [DENIED]}
    travel = Travel(lines=2, **answers)
    travel.begin()

    assert travel() is None

    assert [told["code"] for told in travel.told().values()] == ["provider_credentials"] * 2
    assert {job.cost for job in travel.jobs()} == {None}


def test_an_upload_whose_answer_was_lost_is_repeated_which_costs_nothing() -> None:
    travel = Travel(uploaded=[None, (VendorBatch(id="file_1"),)])
    travel.begin()

    while travel() is not None:
        pass

    assert travel.provider.asked(UploadLines) == 2
    assert travel.told() == {1: SUCCEEDED}


def test_a_batch_whose_creation_is_in_doubt_is_found_by_its_name() -> None:
    other, ours = VendorBatch(id="vendor_0", name="other"), VendorBatch(id="vendor_1", name=f"{BATCH_ID}/1")
    travel = Travel(created=[None], listed=[(), (other,), (other, ours)])
    travel.begin()

    while travel() is not None:
        pass

    assert travel.provider.asked(CreateBatch) == 1
    assert [wish.after for wish in travel.provider.wishes if isinstance(wish, ListBatches)] == [None, None, "vendor_0"]
    assert travel.told() == {1: SUCCEEDED}


@pytest.mark.parametrize("listed", [(), THROTTLED, None, (VendorBatch(id="vendor_0"),)])
def test_a_batch_that_is_not_found_is_not_created_again_and_may_have_been_charged(
    listed: tuple[VendorBatch, ...] | Failed | None,
) -> None:
    travel = Travel(created=[None], listed=[listed])
    travel.begin()
    travel()

    travel.gateway.later(minutes=5)
    assert travel() is not None
    travel.gateway.later(minutes=5)
    assert travel() is None

    assert travel.told()[1]["code"] == "outcome_unknown"
    assert travel.provider.asked(CreateBatch) == 1
    (job,) = travel.jobs()
    assert job.cost is not None
    assert job.cost.is_estimate


def test_a_function_that_dies_while_it_creates_leaves_a_batch_to_be_found() -> None:
    travel = Travel(listed=[(VendorBatch(id="vendor_1", name=f"{BATCH_ID}/1"),)])
    travel.begin()
    travel.gateway.transport.meanwhile = [lambda: None, _die]

    with pytest.raises(KeyboardInterrupt):
        travel()
    while travel() is not None:
        pass

    assert travel.provider.asked(CreateBatch) == 1
    assert travel.told() == {1: SUCCEEDED}


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (NotSentError("no"), None),
        (AnswerLostError("no"), None),
        (ProviderUnavailableError("no"), None),
        (ConfigurationError("no"), "provider_credentials"),
    ],
)
def test_a_request_that_fails_on_its_way_is_repeated_where_that_may_help(failure: Exception, code: str | None) -> None:
    travel = Travel()
    travel.begin()
    travel.gateway.transport.failures = [failure]

    while travel() is not None:
        pass

    assert travel.told()[1]["code"] == code


def test_an_address_elsewhere_gets_no_credentials() -> None:
    travel = Travel()
    travel.begin()
    travel.provider.address = "https://elsewhere.example/"

    travel()

    assert travel.gateway.transport.sent == []
    assert travel.told()[1]["code"] == "provider_failed"


def test_a_line_without_an_answer_may_have_been_charged_and_one_in_a_batch_never_begun_was_not() -> None:
    silent = Travel()
    silent.begin()
    silent.files["results"] = b"\n  \nnothing that can be read\n"
    silent(), silent()

    assert silent.told()[1]["code"] == "outcome_unknown"

    never = Travel(looks=[(replace(OVER, files=(), failure=Failed(error=ProviderFailedError("Bad."))),)])
    never.begin()
    never(), never()
    assert never.told()[1]["code"] == "provider_failed"
    assert never.jobs()[0].cost is None


def test_lines_about_what_we_did_not_send_are_left_alone() -> None:
    travel = Travel()
    travel.begin()
    (job,) = travel.jobs()
    travel.files["results"] = b'{"custom_id": "gen_other/1"}\n{"custom_id": "%s/7"}\n' % job.id.encode()

    travel(), travel()

    assert travel.told()[1]["code"] == "outcome_unknown"


@pytest.mark.parametrize("failure", [AnswerLostError("cut"), NotSentError("no")])
def test_results_that_cannot_be_read_are_read_again_until_the_day_is_over(failure: AnswerLostError) -> None:
    travel = Travel()
    travel.begin()
    results = travel.files["results"]
    travel.files["results"] = failure
    travel()

    assert travel() is not None
    travel.files["results"] = results
    assert travel() is None
    assert travel.told() == {1: SUCCEEDED}


def test_results_at_an_address_elsewhere_are_not_read() -> None:
    travel = Travel()
    travel.begin()
    travel()
    travel.provider.answers[LookAtBatch] = [(OVER,)]
    travel.run.ask.calls.catalog.provider("painter")
    looked = travel.provider.ask_batches

    def lead_astray(base_url: str, wish: object) -> object:
        travel.provider.address = "" if isinstance(wish, LookAtBatch) else "https://elsewhere.example/"
        return looked(base_url, wish)  # type: ignore[arg-type]

    travel.provider.ask_batches = lead_astray  # type: ignore[method-assign, assignment]

    assert travel() is not None
    assert travel.told() == {}


@pytest.mark.parametrize("look", [RUNNING, None, "failure"])
def test_a_batch_that_does_not_end_is_given_up_after_its_day(look: VendorBatch | str | None) -> None:
    answer = DENIED if look == "failure" else None if look is None else (RUNNING,)
    travel = Travel(looks=[answer])
    travel.begin()
    travel()

    travel.gateway.later(hours=24)
    assert travel() == 600
    travel.gateway.later(hours=2)
    assert travel() is None

    assert travel.told()[1]["code"] == "outcome_unknown"


def test_a_function_whose_time_is_over_goes_on_at_once_where_it_stopped() -> None:
    travel = Travel(lines=2)
    travel.begin()
    travel()
    travel.while_reading = lambda: travel.gateway.later(minutes=11)

    assert travel() == 1

    travel.while_reading = lambda: None
    assert travel() is None
    assert travel.told() == dict.fromkeys((1, 2), SUCCEEDED)


@pytest.mark.parametrize(("end", "code"), [("cancel", "batch_cancelled"), ("window", "batch_expired")])
@pytest.mark.parametrize("created", [None, THROTTLED])
def test_lines_of_a_batch_without_time_left_are_not_sent_any_more(end: str, code: str, created: Failed | None) -> None:
    travel = Travel(lines=2, created=[THROTTLED])
    travel.begin()
    if created is not None:
        travel()
    if end == "cancel":
        travel.batches.write(cancel(travel.batch, travel.gateway.clock()))
    else:
        travel.gateway.later(hours=24)

    assert travel() is None

    assert travel.told() == dict.fromkeys((1, 2), code)
    assert {(job.status, job.cost) for job in travel.jobs()} == {(Status.CANCELED, None)}


def test_a_generation_that_its_owner_cancels_meanwhile_stays_so() -> None:
    travel = Travel(lines=3)
    travel.begin()
    first, second, _ = travel.jobs()
    _cancel(travel, 0)
    travel()
    _cancel(travel, 1)

    assert travel() is None

    wish = travel.provider.wishes[0]
    assert isinstance(wish, UploadLines)
    assert first.id.encode() not in wish.data
    assert second.id.encode() in wish.data
    assert [told["status"] for told in travel.told().values()] == ["canceled", "canceled", "succeeded"]


def test_a_chunk_whose_generations_were_all_cancelled_is_not_sent() -> None:
    travel = Travel()
    travel.begin()
    _cancel(travel, 0)

    assert travel() is None

    assert travel.provider.wishes == []
    assert travel.told()[1]["status"] == "canceled"


def test_a_cancelled_generation_of_a_cancelled_batch_is_told_as_it_is() -> None:
    travel = Travel()
    travel.begin()
    _cancel(travel, 0)
    travel.batches.write(cancel(travel.batch, travel.gateway.clock()))

    assert travel() is None
    assert travel.told()[1]["status"] == "canceled"


def test_a_generation_that_was_deleted_is_lost() -> None:
    travel = Travel()
    travel.begin()
    travel.gateway.jobs.jobs.clear()

    assert travel() is None
    assert travel.told() == {1: "internal_error"}


@pytest.mark.parametrize("step", ["send", "receive", "drop"])
def test_who_else_writes_a_generation_meanwhile_is_right(step: str) -> None:
    travel = Travel()
    travel.begin()
    (job,) = travel.jobs()
    settle = travel.run.settle
    stale = replace(job, version=job.version - 1)
    read = travel.gateway.jobs.read
    travel.gateway.jobs.read = lambda job_id: stale  # type: ignore[method-assign]

    if step == "send":
        assert settle.send(job.id, travel.provider) == b""
    elif step == "drop":
        assert not settle.drop(job.id)
    else:
        settle.end(job.id, lambda _job, _attempt: DENIED)

    assert read(job.id) == job


def test_a_picture_that_is_held_for_a_review_is_told_and_left_alone() -> None:
    travel = Travel()
    travel.gateway.sights = (a_finding(decision=Decision.REVIEW),)
    inspect = travel.gateway.steps.inspect
    (viewer,) = inspect.moderate_images.moderators
    viewer.findings = travel.gateway.sights  # type: ignore[attr-defined]
    travel.begin()
    travel()

    assert travel() is None
    travel.run.settle.end(travel.jobs()[0].id, lambda _job, _attempt: DENIED)

    assert travel.told()[1]["status"] == "needs_review"


def test_a_generation_that_its_batch_forgot_is_ended_after_its_day_and_not_sent_alone() -> None:
    unsent, sent = Travel(), Travel()
    for travel in (unsent, sent):
        travel.begin()
    sent()
    for travel in (unsent, sent):
        travel.gateway.later(hours=25)
        travel.gateway.run_job(travel.jobs()[0].id, Step.WAIT)
        assert travel.jobs()[0].attempts[0].is_open
        travel.gateway.later(hours=2)
        travel.gateway.drive()

    (never,), (lost,) = unsent.jobs()[0].attempts, sent.jobs()[0].attempts
    assert (never.outcome, never.problem and never.problem.code) == (Outcome.FAILED, "provider_timeout")
    assert (lost.outcome, lost.problem and lost.problem.code) == (Outcome.UNKNOWN, "outcome_unknown")
    assert next_step(sent.jobs()[0], sent.gateway.clock()) is Step.DONE
    assert unsent.gateway.transport.sent == []


def test_a_line_is_skipped_once_and_not_after_its_batch_is_over() -> None:
    travel = Travel()
    travel.begin()
    travel.batches.batches[BATCH_ID] = a_batch(status=BatchStatus.FAILED)

    travel.work.skip(travel.tasks[0], Skip.CANCELLED)

    assert travel.told() == {}
    assert travel.work.record(travel.tasks[0], travel.jobs()[0].id, ENDPOINTS).next is LineStep.DONE


def _die() -> None:
    raise KeyboardInterrupt


def _cancel(travel: Travel, index: int) -> None:
    job = travel.jobs()[index]
    travel.gateway.steps.publish.cancellation(job, problem_of(ProviderFailedError("Canceled.")))
