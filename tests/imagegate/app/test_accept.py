"""Accepting a request: what is checked before any money is spent, and what a repeat gets."""

from datetime import timedelta

import pytest

from imagegate.app.ports import JobWrite
from imagegate.domain.card import Lifecycle
from imagegate.domain.decision import Decision
from imagegate.domain.errors import (
    BudgetExceededError,
    GenerationNotFoundError,
    IdempotencyKeyReusedError,
    InvalidApiKeyError,
    InvalidSizeError,
    InvalidValueError,
    ModelNotFoundError,
    ModelRetiredError,
    ProviderFailedError,
    ProviderNotConfiguredError,
)
from imagegate.domain.job import Job, Status
from imagegate.domain.project import hash_end_user
from imagegate.domain.provider import Failed, ProviderCall
from imagegate.domain.request import Operation, Size
from imagegate.domain.warning import WarningType
from tests.builders import NOW, PROJECT_ID, a_card, a_finding, a_price, an_input, dollars
from tests.imagegate.app.harness import Harness, completed


def _nothing_happened(gateway: Harness) -> bool:
    return not (gateway.journal or gateway.jobs.jobs or gateway.jobs.claims or gateway.jobs.events)


def test_a_request_that_the_model_cannot_do_writes_and_sends_nothing() -> None:
    gateway = Harness()

    with pytest.raises(InvalidSizeError):
        gateway("once", size=Size(1, 1))

    assert _nothing_happened(gateway)


def test_a_model_that_is_not_configured_writes_and_sends_nothing() -> None:
    gateway = Harness()

    with pytest.raises(ModelNotFoundError):
        gateway("once", model="painter/chalk")

    assert _nothing_happened(gateway)


def test_an_option_that_the_provider_refuses_writes_and_sends_nothing() -> None:
    def refuse(call: ProviderCall) -> None:
        raise InvalidValueError("No such brush.", param="provider_options.painter.brush")

    gateway = Harness(check=refuse)

    with pytest.raises(InvalidValueError, match="No such brush"):
        gateway("once")

    assert _nothing_happened(gateway)


def test_an_edit_is_checked_with_its_whole_pictures_before_anything_is_written() -> None:
    def refuse_the_bytes(call: ProviderCall) -> None:
        if call.mask is not None and call.mask.data == b"no alpha" and call.inputs[0].data == b"one":
            raise InvalidValueError("A mask without alpha.", param="mask")

    gateway = Harness(check=refuse_the_bytes)
    gateway.images.objects[an_input().key] = (b"one", "image/png")
    gateway.images.objects["inputs/mask.png"] = (b"no alpha", "image/png")

    with pytest.raises(InvalidValueError, match="without alpha"):
        gateway("once", operation=Operation.EDIT, input_images=(an_input(),), mask=an_input("inputs/mask.png"))

    assert _nothing_happened(gateway)


def test_a_model_whose_provider_is_not_configured_is_told_with_the_command() -> None:
    gateway = Harness(others=(a_card(provider="sketcher", name="chalk"),))

    with pytest.raises(ProviderNotConfiguredError, match="Run `imagegate secrets set sketcher`") as refused:
        gateway("once", model="sketcher/chalk")

    assert (refused.value.http_status, refused.value.param) == (404, "model")
    assert _nothing_happened(gateway)


def test_a_retired_model_is_refused_and_its_replacement_named() -> None:
    gone = Lifecycle(released_on=NOW.date(), shutdown_on=NOW.date(), replacement="painter/inks")
    gateway = Harness(cards=(a_card(lifecycle=gone),))

    with pytest.raises(ModelRetiredError, match="Use painter/inks"):
        gateway("once")

    assert _nothing_happened(gateway)


def test_a_model_that_will_be_gone_soon_is_used_with_a_warning() -> None:
    soon = Lifecycle(released_on=NOW.date(), shutdown_on=NOW.date() + timedelta(days=90))
    gateway = Harness(cards=(a_card(lifecycle=soon),))

    (warning,) = gateway().job.warnings

    assert (warning.type, warning.param) == (WarningType.DEPRECATED, "model")


def test_a_key_whose_project_is_gone_is_no_valid_key() -> None:
    gateway = Harness()
    gateway.projects.projects.clear()

    with pytest.raises(InvalidApiKeyError):
        gateway()

    assert _nothing_happened(gateway)


def test_the_estimate_is_reserved_with_the_job_before_anything_is_sent() -> None:
    gateway = Harness(project={"monthly_budget": dollars("0.08")})
    reserved = []
    gateway.jobs.refuse = lambda write: reserved.append((write.reservation, len(gateway.transport.sent)))

    gateway(count=2)

    reservation, sent = reserved[0]
    assert reservation is not None
    assert (reservation.amount, reservation.limit, reservation.month) == (dollars("0.08"), dollars("0.08"), "2026-11")
    assert sent == 0
    assert [one for one, _ in reserved[1:]] == [None, None]


def test_a_request_over_the_budget_is_refused_and_not_sent() -> None:
    gateway = Harness(project={"monthly_budget": dollars("0.03")})

    with pytest.raises(BudgetExceededError):
        gateway()

    assert _nothing_happened(gateway)


def test_a_free_model_reserves_nothing_even_on_an_empty_budget() -> None:
    gateway = Harness(cards=(a_card(prices=(a_price("0"),)),), project={"monthly_budget": dollars("0")})

    assert gateway().job.reservation is None


def test_the_end_user_is_kept_only_as_a_digest() -> None:
    gateway = Harness()

    job = gateway(end_user="ann@people.example").job

    assert job.request.end_user == hash_end_user(PROJECT_ID, "ann@people.example")
    assert "ann@" not in str((gateway.job, gateway.jobs.events, gateway.jobs.claims))


def test_a_blocked_prompt_is_a_rejected_job_that_no_provider_saw() -> None:
    gateway = Harness(words={"circle": a_finding("gore")}, project={"monthly_budget": dollars("1")})

    job = gateway().job

    assert (job.status, job.attempts, job.reservation) == (Status.REJECTED, (), None)
    assert job.problem is not None
    assert (job.problem.code, job.problem.param) == ("moderation_blocked", "prompt")
    assert "gore" in job.problem.message
    assert gateway.transport.sent == []
    (event,) = gateway.jobs.events
    assert (event.action, event.details["moderation.prompt.codes"]) == ("generation.rejected", "gore")
    assert [(notice.id, notice.type.value) for notice in gateway.jobs.notices] == [(event.id, "generation.rejected")]


def test_a_prompt_that_a_person_would_have_to_see_does_not_go_on() -> None:
    gateway = Harness(words={"circle": a_finding(decision=Decision.REVIEW)})

    assert gateway().job.status is Status.REJECTED


def test_the_refused_field_is_the_one_with_the_strictest_finding() -> None:
    noted = a_finding("noted", Decision.ALLOW_LOGGED)
    gateway = Harness(words={"circle": noted, "hidden": a_finding("gore")})

    job = gateway(negative_prompt="hidden").job

    assert job.problem is not None
    assert job.problem.param == "negative_prompt"


def test_a_word_that_is_only_noted_lets_the_picture_be_made() -> None:
    gateway = Harness(words={"text": a_finding(decision=Decision.ALLOW_LOGGED)})

    job = gateway(negative_prompt="text").job

    assert job.status is Status.SUCCEEDED
    assert job.moderation[0].findings[0].param == "negative_prompt"
    assert job.moderation[0].sources == ("watcher@1",)


def test_a_repeat_gets_the_same_generation_and_nothing_is_sent() -> None:
    gateway = Harness()
    first = gateway("once")

    repeat = gateway("once")

    assert repeat.job == first.job
    assert repeat.pictures == {}
    assert len(gateway.transport.sent) == 1


def test_a_repeat_of_a_failure_gets_the_same_failure() -> None:
    gateway = Harness(submissions=[Failed(error=ProviderFailedError("broken"))])
    first = gateway("once")

    repeat = gateway("once")

    assert repeat.job == first.job
    assert repeat.job.status is Status.FAILED
    assert len(gateway.transport.sent) == 1


def test_a_repeat_of_a_blocked_prompt_gets_the_same_refusal() -> None:
    gateway = Harness(words={"circle": a_finding()})

    assert gateway("once").job == gateway("once").job
    assert len(gateway.jobs.events) == 1


def test_a_repeat_while_the_first_is_being_sent_gets_the_running_generation_and_sends_nothing() -> None:
    gateway = Harness()
    repeats: list[Job] = []
    gateway.transport.meanwhile.append(lambda: repeats.append(gateway("once").job))

    done = gateway("once").job

    assert [(one.id, one.status) for one in repeats] == [(done.id, Status.RUNNING)]
    assert done.status is Status.SUCCEEDED
    assert len(gateway.transport.sent) == 1


def test_a_repeat_while_the_machine_works_on_the_first_starts_nothing() -> None:
    gateway = Harness(cards=(a_card(typical_seconds=90),))
    first = gateway("once").job

    assert gateway("once").job == first
    assert (first.status, len(gateway.runs.started)) == (Status.QUEUED, 1)
    assert gateway.transport.sent == []


def test_a_repeat_whose_generation_was_deleted_is_told_so() -> None:
    gateway = Harness()
    job = gateway("once").job
    gateway.jobs.jobs.clear()

    with pytest.raises(GenerationNotFoundError, match="was deleted") as refused:
        gateway("once")

    assert refused.value.generation_id == job.id
    assert len(gateway.transport.sent) == 1


def test_the_same_key_with_another_request_is_a_conflict() -> None:
    gateway = Harness()
    job = gateway("once").job

    with pytest.raises(IdempotencyKeyReusedError) as refused:
        gateway("once", prompt="another")

    assert refused.value.generation_id == job.id
    assert len(gateway.transport.sent) == 1


def test_without_a_key_the_same_request_is_made_again() -> None:
    gateway = Harness(submissions=[completed(), completed()])

    assert gateway().job.id != gateway().job.id


def test_a_claim_ends_after_a_day() -> None:
    gateway = Harness()
    claims = []

    def keep(write: JobWrite) -> None:
        if write.claim:
            claims.append(write)

    gateway.jobs.refuse = keep
    gateway("once")

    (write,) = claims
    assert write.claim is not None
    assert (write.claim.expires_at - write.job.created_at).total_seconds() == 24 * 3600
