"""Deleting: nothing that a generation made or said is left, and what it cost is."""

from dataclasses import replace

import pytest

from imagegate.app.collect import quarantine_prefix
from imagegate.app.delete_generation import DeleteGeneration
from imagegate.app.generation_ports import JobPage
from imagegate.app.list_generations import ListGenerations
from imagegate.app.ports import KeptCallback
from imagegate.app.read_generation import ReadGeneration
from imagegate.domain.errors import ConflictError, GenerationNotFoundError, GenerationNotOverError
from imagegate.domain.ids import ProjectId
from imagegate.domain.job import Status
from imagegate.domain.listing import JobQuery
from imagegate.domain.project import hash_end_user
from tests.builders import KEY_ID, NOW, OTHER_PROJECT_ID, PRINCIPAL, PROJECT_ID
from tests.imagegate.app.harness import Harness, pending


def _deleting(harness: Harness) -> DeleteGeneration:
    return DeleteGeneration(
        read=ReadGeneration(jobs=harness.jobs),
        jobs=harness.jobs,
        images=harness.images,
        callbacks=harness.callbacks,
        clock=harness.clock,
        new_id=harness.ids,
    )


def _done() -> Harness:
    harness = Harness()
    harness()
    return harness


def test_the_record_and_every_picture_are_gone_and_the_budget_is_not() -> None:
    harness = _done()
    job, spent = harness.job, harness.jobs.spent
    harness.images.put(f"{quarantine_prefix(job)}7-0.png", b"of a sender that died", "image/png")
    harness.images.put("inputs/prj_one/shared.png", b"shared", "image/png")

    deleted = _deleting(harness)(PRINCIPAL, job.id)

    assert deleted == job.id
    assert list(harness.images.objects) == ["inputs/prj_one/shared.png"]
    assert harness.jobs.jobs == {}
    assert harness.jobs.spent == spent > 0
    event = harness.jobs.events[-1]
    assert (event.action, event.job_id, event.key_id) == ("generation.deleted", job.id, KEY_ID)


def test_what_providers_told_is_gone_too() -> None:
    harness = _done()
    job = harness.job
    called = replace(job, attempts=(replace(job.attempts[0], callback_token="cbk"), replace(job.attempts[0], number=2)))
    harness.jobs.jobs[job.id] = called
    harness.callbacks.add(job.id, 1, "evt", KeptCallback(body=b"{}", received_at=NOW))

    _deleting(harness)(PRINCIPAL, job.id)

    assert harness.callbacks.kept == {}


def test_a_generation_under_way_is_to_be_canceled_first() -> None:
    harness = Harness(submissions=[pending(seconds=60)], polls=[])
    harness()

    with pytest.raises(GenerationNotOverError, match="running"):
        _deleting(harness)(PRINCIPAL, harness.job.id)


def test_a_generation_that_was_deleted_or_is_anothers_is_not_found() -> None:
    harness = _done()
    job = harness.job
    stranger = replace(PRINCIPAL, project_id=OTHER_PROJECT_ID)

    with pytest.raises(GenerationNotFoundError):
        _deleting(harness)(stranger, job.id)
    _deleting(harness)(PRINCIPAL, job.id)
    with pytest.raises(GenerationNotFoundError):
        _deleting(harness)(PRINCIPAL, job.id)


def test_a_repeat_of_the_request_is_told_that_its_generation_was_deleted() -> None:
    harness = Harness()
    harness(key="once")
    _deleting(harness)(PRINCIPAL, harness.job.id)

    with pytest.raises(GenerationNotFoundError, match="deleted"):
        harness(key="once")


def test_two_who_delete_in_the_same_moment_are_told() -> None:
    harness = _done()
    job = harness.job

    def new_id(prefix: str) -> str:
        del harness.jobs.jobs[job.id]
        return f"{prefix}_one"

    with pytest.raises(ConflictError):
        replace(_deleting(harness), new_id=new_id)(PRINCIPAL, job.id)


class _Lists:
    def __init__(self) -> None:
        self.asked: list[tuple[ProjectId, JobQuery]] = []

    def page(self, project_id: ProjectId, query: JobQuery) -> JobPage:
        self.asked.append((project_id, query))
        return JobPage()


def test_a_list_is_asked_for_by_the_digest_of_an_end_user() -> None:
    lists = _Lists()
    listing = ListGenerations(jobs=lists)

    listing(PRINCIPAL, JobQuery(status=Status.FAILED))
    listing(PRINCIPAL, JobQuery(end_user="ann"))

    assert lists.asked == [
        (PROJECT_ID, JobQuery(status=Status.FAILED)),
        (PROJECT_ID, JobQuery(end_user=hash_end_user(PROJECT_ID, "ann"))),
    ]
