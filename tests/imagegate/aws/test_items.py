"""Records as items: what is read back is what was written, to the last digit."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from imagegate.api.requests import MAX_OPTIONS_CHARACTERS
from imagegate.aws.items import from_item, key, number, to_item
from imagegate.domain.budget import Reservation
from imagegate.domain.decision import Decision, Stage, decide
from imagegate.domain.errors import ProviderFailedError
from imagegate.domain.filters import Filters
from imagegate.domain.job import (
    Attempt,
    Job,
    Outcome,
    Provenance,
    begin_attempts,
    fail,
    problem_of,
    replace_attempts,
    succeed,
)
from imagegate.domain.money import Cost, Money, PriceUnit, Usage
from imagegate.domain.request import MAX_PROMPT_CHARACTERS, Background, Operation, OutputFormat, Quality, Size
from imagegate.domain.route import Candidate, Route
from imagegate.domain.warning import RequestWarning, WarningType
from tests.builders import (
    NOW,
    PROJECT_ID,
    a_finding,
    a_job,
    a_price,
    a_request,
    a_running_job,
    a_target,
    an_attempt,
    an_image,
    an_input,
)

KEY = key("JOB#1", "JOB")


def _candidates() -> tuple[Candidate, ...]:
    cost = Money(amount=Decimal("0.00000012"))
    return (
        Candidate(model="m", taken=True, reason="r", model_version="m-1", cost=cost, seconds=0.1),
        Candidate(model="n", taken=False, reason="r"),
    )


def _full_job() -> Job:
    request = a_request(
        prompt="\u8d64\u3044\u5186 \U0001f534\n",
        negative_prompt="text",
        count=2,
        size=Size(1024, 512),
        quality=Quality.XHIGH,
        background=Background.TRANSPARENT,
        output_format=OutputFormat.WEBP,
        output_compression=0,
        seed=2**32 - 1,
        end_user="digest",
        operation=Operation.EDIT,
        steps=20,
        guidance=3.5,
        strength=0.0,
        input_images=(an_input(),),
        mask=an_input("inputs/prj_one/mask.png"),
        filters=Filters(deny=("firefly",), max_price=Decimal("0.050")),
        has_fallback=False,
        provider_options={"painter": {"nested": {"list": [1, 2.5, None, True, "x"]}}},
    )
    limit = Money(amount=Decimal("1E+3"))
    job = a_job(
        request=request,
        route=Route(targets=(a_target(),), candidates=_candidates()),
        moderation=(decide(Stage.PROMPT, (a_finding(decision=Decision.ALLOW_LOGGED, score=0.25),), ("w@1",)),),
        reservation=Reservation(
            project_id=PROJECT_ID, month="2026-11", amount=Money(amount=Decimal("0.10")), limit=limit
        ),
        warnings=(RequestWarning(type=WarningType.ADJUSTED, message="m", param="size"),),
    )
    return replace_attempts(begin_attempts(job, a_target(), 1, NOW), (_failed_attempt(), _made_attempt()), NOW)


def _failed_attempt() -> Attempt:
    return an_attempt(
        1,
        outcome=Outcome.FAILED,
        ended_at=NOW,
        problem=problem_of(ProviderFailedError("m", param="p")),
        provider_metadata={"status": 503, "id": None, "nested": {"list": [1, 2.5]}},
    )


def _made_attempt() -> Attempt:
    usage = Usage(quantities={PriceUnit.CREDIT: Decimal("6.50"), PriceUnit.IMAGE: Decimal(1)})
    ref = {"id": "p1", "polling_url": "https://painter.example/p1"}
    return an_attempt(
        2,
        round=2,
        first=1,
        outcome=Outcome.SUCCEEDED,
        provider_ref=ref,
        sent_at=NOW,
        due_at=NOW,
        lost_at=NOW,
        looked_at=NOW,
        callback_token="cbk_1",
        usage=usage,
    )


def test_a_full_job_is_read_back_exactly() -> None:
    cost = Cost(
        money=Money(amount=Decimal("0.12345678901234567890")), price_checked_on=a_price().checked_on, source="s"
    )
    job = replace(_full_job(), cost=cost)
    job = succeed(job, images=(an_image(seed=None, index=1),), provenance=Provenance(found=("c2pa",)), now=NOW)

    read = from_item(Job, to_item(KEY, job))

    assert read == job
    assert str(read.cost) == str(job.cost)
    assert str(read.reservation) == str(job.reservation)
    assert type(read.status) is type(job.status)
    assert type(read.request.quality) is Quality


def test_a_failed_job_is_read_back_exactly() -> None:
    job = fail(a_running_job(), problem_of(ProviderFailedError("m", param="p")), NOW)

    assert from_item(Job, to_item(KEY, job)) == job


def test_moments_keep_their_microseconds_and_their_zone() -> None:
    job = a_job(updated_at=datetime(2026, 11, 22, 23, 59, 59, 999_999, tzinfo=UTC))

    read = from_item(Job, to_item(KEY, job))

    assert read.updated_at == job.updated_at
    assert read.updated_at.utcoffset() == job.updated_at.utcoffset()


def test_the_largest_request_fits_into_one_item() -> None:
    longest = "\U0001f534" * MAX_PROMPT_CHARACTERS
    options = {"painter": {"a": "x" * (MAX_OPTIONS_CHARACTERS - 22)}}
    job = a_job(request=a_request(prompt=longest, negative_prompt=longest, provider_options=options))

    document = next(iter(to_item(KEY, job)["document"].values()))

    assert len(str(document).encode()) < 300 * 1024


def test_an_item_is_its_keys_and_one_document() -> None:
    assert sorted(to_item(KEY, a_job())) == ["document", "pk", "sk"]
    assert to_item(KEY, a_job(), expires_at=NOW)["expires_at"] == {"N": str(int(NOW.timestamp()))}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("0.1"), "0.1"),
        (Decimal("-0.000001"), "-0.000001"),
        (Decimal("0.00000012"), "0.00000012"),
        (Decimal("0.03048576") * 0, "0.00000000"),
        (Decimal("1E+3"), "1000"),
        (3, "3"),
    ],
)
def test_numbers_travel_as_text_without_an_exponent(value: int | Decimal, text: str) -> None:
    assert number(value) == {"N": text}
