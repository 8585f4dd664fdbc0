"""Reading generations and models: only what belongs to the caller, and only what is published."""

from dataclasses import replace

import pytest

from imagegate.app.list_models import ListModels
from imagegate.app.read_generation import ReadGeneration, ReadImages
from imagegate.domain.errors import GenerationNotFoundError, ModelNotFoundError
from imagegate.domain.ids import ProjectId
from imagegate.domain.job import Status
from tests.builders import OTHER_PROJECT_ID, PRINCIPAL, a_card, a_job, a_running_job, an_image
from tests.fakes import FakeCatalog, MemoryImageStore, MemoryJobStore


@pytest.fixture
def jobs() -> MemoryJobStore:
    store = MemoryJobStore([])
    store.jobs[a_job().id] = a_job()
    return store


def _refusal(jobs: MemoryJobStore, generation_id: str, project: ProjectId = PRINCIPAL.project_id) -> str:
    with pytest.raises(GenerationNotFoundError) as refused:
        ReadGeneration(jobs=jobs)(replace(PRINCIPAL, project_id=project), generation_id)
    return refused.value.message.replace(generation_id, "")


def test_a_project_reads_its_own_generation(jobs: MemoryJobStore) -> None:
    assert ReadGeneration(jobs=jobs)(PRINCIPAL, a_job().id) == a_job()


def test_another_projects_generation_looks_like_none(jobs: MemoryJobStore) -> None:
    of_others = _refusal(jobs, a_job().id, OTHER_PROJECT_ID)

    assert of_others == _refusal(jobs, f"gen_{'f' * 32}")


@pytest.mark.parametrize("text", ["gen_none", "", "x" * 5000, "KEY"])
def test_what_cannot_be_an_id_is_not_looked_up(jobs: MemoryJobStore, text: str) -> None:
    jobs.jobs.clear()

    assert _refusal(jobs, text)


def test_published_pictures_have_addresses_and_bytes() -> None:
    store = MemoryImageStore([], objects={"published/a.png": (b"one", "image/png")})
    job = a_job(status=Status.SUCCEEDED, images=(an_image(key="published/a.png"),))

    assert ReadImages(images=store).urls(job) == ("https://images.example/published/a.png",)
    assert ReadImages(images=store).read_bytes(job) == (b"one",)


def test_a_picture_in_quarantine_has_no_address() -> None:
    store = MemoryImageStore([])

    assert ReadImages(images=store).urls(a_running_job(images=(an_image(),))) == ()


def test_a_configured_model_is_read_by_its_id() -> None:
    inks = a_card(name="inks")

    assert ListModels(catalog=FakeCatalog((a_card(), inks))).read("painter/inks") == inks


def test_a_model_that_is_not_configured_is_not_found() -> None:
    with pytest.raises(ModelNotFoundError, match="painter/chalk"):
        ListModels(catalog=FakeCatalog((a_card(),))).read("painter/chalk")


def test_only_configured_models_are_listed_unless_all_are_asked_for() -> None:
    chalk = a_card(provider="sketcher", name="chalk")
    models = ListModels(catalog=FakeCatalog((a_card(),), (chalk,)))

    assert [(one.card.id, one.is_configured) for one in models()] == [("painter/oils", True)]
    assert [(one.card.id, one.is_configured) for one in models(wants_all=True)] == [
        ("painter/oils", True),
        ("sketcher/chalk", False),
    ]
