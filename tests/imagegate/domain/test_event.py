"""Events tell a project's endpoints what became of its generations, and nothing that is private."""

import json

import pytest

from imagegate.domain.errors import ContentRejectedError
from imagegate.domain.event import EVENT_RETENTION, EventType, generation_event
from imagegate.domain.ids import EventId
from imagegate.domain.job import Provenance, Status, problem_of, reject, succeed
from tests.builders import NOW, a_cost, a_job, a_request, a_running_job, an_image

EVENT_ID = EventId("evt_one")


def test_a_success_tells_whose_it_was_what_made_it_and_what_it_cost() -> None:
    job = a_running_job(request=a_request(end_user="hash-of-ann"), cost=a_cost())
    job = succeed(job, images=(an_image(), an_image()), provenance=Provenance(), now=NOW)

    event = generation_event(job, EVENT_ID)

    assert (event.id, event.type, event.created_at) == (EVENT_ID, EventType.GENERATION_SUCCEEDED, NOW)
    assert (event.project_id, event.subject_id) == (job.project_id, job.id)
    assert event.expires_at == NOW + EVENT_RETENTION
    assert event.data == {
        "id": job.id,
        "object": "generation",
        "status": "succeeded",
        "created_at": int(NOW.timestamp()),
        "completed_at": int(NOW.timestamp()),
        "requested_model": "painter/oils",
        "provider": "painter",
        "model": "painter/oils",
        "image_count": 2,
        "cost": {"amount": "0.04", "currency": "USD"},
        "end_user": "hash-of-ann",
        "error": None,
    }


def test_a_refusal_before_any_attempt_tells_its_code_and_no_model() -> None:
    event = generation_event(reject(a_job(), problem_of(ContentRejectedError("no")), NOW), EVENT_ID)

    assert event.type is EventType.GENERATION_REJECTED
    assert event.data["error"] == {"code": "moderation_blocked"}
    assert (event.data["provider"], event.data["model"], event.data["cost"]) == (None, None, None)


def test_a_generation_that_waits_for_a_person_is_not_completed() -> None:
    event = generation_event(a_running_job(status=Status.NEEDS_REVIEW), EVENT_ID)

    assert event.type is EventType.GENERATION_NEEDS_REVIEW
    assert event.data["completed_at"] is None


def test_a_generation_under_way_is_no_news() -> None:
    with pytest.raises(ValueError, match="running"):
        generation_event(a_running_job(), EVENT_ID)


def test_no_prompt_and_no_address_is_told() -> None:
    job = a_running_job(request=a_request(prompt="a secret plan"))
    job = succeed(job, images=(an_image("published/secret.png"),), provenance=Provenance(), now=NOW)

    told = json.dumps(generation_event(job, EVENT_ID).data)

    assert "secret" not in told
    assert len(told) < 2048
