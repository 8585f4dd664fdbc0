"""Audit events tell what was decided, without prompts or names."""

from hashlib import sha256

from imagegate.domain.audit import DECISION_RETENTION, deletion_event, event_for
from imagegate.domain.decision import Stage, decide
from imagegate.domain.errors import ContentRejectedError
from imagegate.domain.ids import EventId, KeyId
from imagegate.domain.job import Provenance, Status, problem_of, reject, succeed
from tests.builders import NOW, a_cost, a_finding, a_job, a_request, a_running_job, an_image

EVENT_ID = EventId("evt_one")


def test_a_finished_generation_is_described() -> None:
    job = a_running_job(request=a_request(prompt="a secret plan", end_user="hash-of-ann"), cost=a_cost())
    images = (an_image(sha256="aa"), an_image(sha256="bb"))
    job = succeed(job, images=images, provenance=Provenance(), now=NOW)

    event = event_for(job, EVENT_ID)

    assert (event.id, event.action, event.at) == (EVENT_ID, "generation.succeeded", NOW)
    assert (event.project_id, event.key_id, event.job_id) == (job.project_id, job.key_id, job.id)
    assert event.expires_at == NOW + DECISION_RETENTION
    assert event.details == {
        "requested_model": "painter/oils",
        "prompt_sha256": sha256(b"a secret plan").hexdigest(),
        "attempts": "1",
        "end_user": "hash-of-ann",
        "model": "painter/oils",
        "model_version": "oils-2026-10",
        "images_sha256": "aa,bb",
        "cost": "0.04 USD",
    }


def test_a_refusal_names_stage_codes_and_who_found_them() -> None:
    decision = decide(Stage.PROMPT, (a_finding("hate"), a_finding("gore")), ("watcher@1", "other@2"))
    job = reject(a_job(moderation=(decision,)), problem_of(ContentRejectedError("no")), NOW)

    details = event_for(job, EVENT_ID).details

    assert details["moderation.prompt"] == "block"
    assert details["moderation.prompt.codes"] == "gore,hate"
    assert details["moderation.prompt.sources"] == "watcher@1,other@2"
    assert details["problem"] == "moderation_blocked"
    assert "model" not in details
    assert "cost" not in details


def test_no_prompt_is_written_down() -> None:
    job = reject(a_job(request=a_request(prompt="a secret plan")), problem_of(ContentRejectedError("no")), NOW)

    assert "secret" not in str(event_for(job, EVENT_ID))


def test_a_deletion_names_who_deleted_and_how_the_generation_had_ended() -> None:
    job = a_job(status=Status.FAILED)

    event = deletion_event(job, KeyId("key_two"), EventId("evt_one"), NOW)

    assert (event.action, event.key_id, event.job_id) == ("generation.deleted", "key_two", job.id)
    assert event.expires_at == NOW + DECISION_RETENTION
    assert event.details == {"status": "failed", "images": "0"}
