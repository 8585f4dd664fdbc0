"""A generation from request to picture: what happens, in which order, and what is left behind."""

from decimal import Decimal

from imagegate.domain.errors import ProviderFailedError
from imagegate.domain.job import Outcome, Status
from imagegate.domain.money import PriceUnit, Usage
from imagegate.domain.provider import Completed, Failed, Refused
from imagegate.domain.request import Quality, Size
from imagegate.domain.warning import RequestWarning, WarningType
from tests.builders import PRINCIPAL, PROJECT_ID, a_card, a_finding, a_price, dollars
from tests.imagegate.app.harness import Harness, completed
from tests.pictures import picture


def test_a_request_becomes_a_published_picture() -> None:
    gateway = Harness()

    generated = gateway(size=Size(512, 512))

    job = generated.job
    assert (job.status, job.problem) == (Status.SUCCEEDED, None)
    assert (job.project_id, job.key_id) == (PRINCIPAL.project_id, PRINCIPAL.key_id)
    assert generated.pictures == {0: picture()}
    (image,) = job.images
    assert image.key == f"published/{PROJECT_ID}/{job.id}/0.png"
    assert (image.width, image.height, image.media_type, image.seed) == (64, 48, "image/png", 7)
    assert gateway.images.objects[image.key] == (picture(), "image/png")
    assert gateway.jobs.read(job.id) == job


def test_effects_happen_in_the_order_that_loses_nothing() -> None:
    gateway = Harness()

    gateway()

    assert gateway.journal == [
        "job running, attempts [None]",
        "send",
        "put quarantine",
        "job running, attempts ['succeeded']",
        "copy published",
        "job succeeded, attempts ['succeeded']",
    ]


def test_every_picture_of_a_request_is_published_under_its_own_key() -> None:
    gateway = Harness(submissions=[completed(picture(), picture("jpeg"), picture("webp"))])

    job = gateway(count=3).job

    assert [image.key.rsplit("/", 1)[1] for image in job.images] == ["0.png", "1.jpeg", "2.webp"]


def test_the_cost_is_what_the_card_says_for_what_was_made() -> None:
    gateway = Harness(submissions=[completed(picture(), picture())], project={"monthly_budget": dollars("1")})

    job = gateway(count=3).job

    assert job.cost is not None
    assert job.cost.money == dollars("0.08")
    assert gateway.jobs.committed == gateway.jobs.spent == Decimal("0.08")


def test_the_cost_follows_what_the_provider_says_it_billed() -> None:
    usage = Usage(quantities={PriceUnit.OUTPUT_IMAGE_TOKEN: Decimal(1000)})
    prices = (
        a_price("0.00002", unit=PriceUnit.OUTPUT_IMAGE_TOKEN),
        a_price("0.05", unit=PriceUnit.IMAGE, estimate=True),
    )
    gateway = Harness(
        submissions=[completed(usage=usage)],
        cards=(a_card(prices=prices),),
        project={"monthly_budget": dollars("1")},
    )

    job = gateway().job

    assert job.cost is not None
    assert (job.cost.money, job.cost.is_estimate) == (dollars("0.02"), False)
    assert job.reservation is not None
    assert job.reservation.amount == dollars("0.05")


def test_the_price_by_area_is_reserved_for_the_size_asked_for_and_settled_for_the_size_made() -> None:
    by_area = a_card(prices=(a_price("1", unit=PriceUnit.MEGAPIXEL),))

    asked = Harness(cards=(by_area,))(size=Size(512, 512)).job
    default = Harness(cards=(by_area,))().job

    assert asked.reservation is not None
    assert default.reservation is not None
    assert asked.reservation.amount == dollars("0.262144")
    assert default.reservation.amount == dollars("1.048576")
    assert asked.cost is not None
    assert asked.cost.money == dollars("0.003072")


def test_warnings_of_the_fit_and_of_the_provider_are_kept_in_this_order() -> None:
    told = RequestWarning(type=WarningType.OTHER, message="half of it")
    gateway = Harness(submissions=[completed(warnings=(told,))])

    job = gateway(quality=Quality.MAX).job

    assert [warning.param for warning in job.warnings] == ["quality", None]
    assert job.warnings[1] == told


def test_the_end_is_in_the_audit_once() -> None:
    gateway = Harness()

    job = gateway().job

    (event,) = gateway.jobs.events
    assert (event.action, event.job_id, event.at) == ("generation.succeeded", job.id, job.updated_at)


def test_the_end_is_told_to_the_projects_endpoints_once() -> None:
    gateway = Harness()

    job = gateway().job

    (notice,) = gateway.jobs.notices
    assert (notice.id, notice.subject_id) == (gateway.jobs.events[0].id, job.id)
    assert (notice.type.value, notice.data["image_count"]) == ("generation.succeeded", 1)


def test_a_provider_that_fails_leaves_a_failed_job_no_cost_and_an_event() -> None:
    failed = Failed(error=ProviderFailedError("The painter broke."), metadata={"status": 500})
    gateway = Harness(submissions=[failed], project={"monthly_budget": dollars("1")})

    job = gateway().job

    assert job.status is Status.FAILED
    assert job.problem is not None
    assert (job.problem.code, job.problem.message) == ("provider_failed", "The painter broke.")
    assert (gateway.attempt.outcome, gateway.attempt.provider_metadata) == (Outcome.FAILED, {"status": 500})
    assert gateway.jobs.committed == gateway.jobs.spent == 0
    assert [event.action for event in gateway.jobs.events] == ["generation.failed"]


def test_a_refusal_by_the_provider_ends_as_rejected() -> None:
    refused = Refused(codes=("gore",), message="Not that.", metadata={"id": "r1"})
    gateway = Harness(submissions=[refused], project={"monthly_budget": dollars("1")})

    job = gateway().job

    assert job.status is Status.REJECTED
    assert job.problem is not None
    assert (job.problem.code, job.problem.http_status) == ("moderation_blocked", 400)
    assert "gore" in job.problem.message
    assert "Not that." in job.problem.message
    assert (gateway.attempt.outcome, gateway.attempt.provider_metadata) == (Outcome.REJECTED, {"id": "r1"})
    assert gateway.jobs.committed == 0


def test_a_success_without_a_picture_is_a_failure_that_costs_nothing() -> None:
    empty = Completed(images=(), model_version="1")
    gateway = Harness(submissions=[empty], project={"monthly_budget": dollars("1")})

    job = gateway().job

    assert (job.status, gateway.attempt.outcome) == (Status.FAILED, Outcome.FAILED)
    assert job.problem is not None
    assert "success without an image" in job.problem.message
    assert gateway.jobs.committed == gateway.jobs.spent == 0


def test_something_that_is_no_picture_is_a_failure() -> None:
    job = Harness(submissions=[completed(b"<html>sorry</html>")])().job

    assert job.status is Status.FAILED
    assert job.problem is not None
    assert "not a PNG, JPEG or WebP" in job.problem.message


def test_a_picture_that_moderation_stops_stays_in_quarantine_and_is_paid_for() -> None:
    gateway = Harness(sights=(a_finding("gore", param=None),), project={"monthly_budget": dollars("1")})

    generated = gateway()

    assert generated.job.status is Status.REJECTED
    assert generated.job.images == ()
    assert [key.split("/")[0] for key in gateway.images.objects] == ["quarantine"]
    assert generated.job.problem is not None
    assert "gore" in generated.job.problem.message
    assert gateway.jobs.spent == Decimal("0.04")
    assert [one.stage.value for one in generated.job.moderation] == ["prompt", "image"]
