"""Negotiating prices, and what they do to a request that is accepted under them."""

from dataclasses import replace
from decimal import Decimal

import pytest

from imagegate.app.manage_projects import UnknownProjectError
from imagegate.app.negotiate_prices import NegotiatePrices, PriceNotAcceptedError
from imagegate.domain.ids import ProjectId
from imagegate.domain.money import PROJECT_OVERRIDE, PriceUnit
from tests.builders import NOW, PROJECT_ID, a_card, a_project, dollars
from tests.fakes import MemoryProjectStore
from tests.imagegate.app.harness import Harness
from tests.imagegate.domain.test_negotiated import agreed

MODEL = "painter/oils"


@pytest.fixture
def store() -> MemoryProjectStore:
    return MemoryProjectStore({PROJECT_ID: a_project()})


@pytest.fixture
def negotiate(store: MemoryProjectStore) -> NegotiatePrices:
    return NegotiatePrices(projects=store, cards=lambda: (a_card(),), clock=lambda: NOW)


def test_a_price_is_kept_with_its_day_in_the_place_of_the_one_before(
    negotiate: NegotiatePrices, store: MemoryProjectStore
) -> None:
    negotiate(PROJECT_ID, MODEL, PriceUnit.IMAGE, Decimal("0.03"))
    negotiate(PROJECT_ID, MODEL, PriceUnit.STEP, Decimal("0.001"))
    project = negotiate(PROJECT_ID, MODEL, PriceUnit.IMAGE, Decimal("0.02"))

    step, image = project.prices[MODEL]
    assert (step.unit, image.unit, image.amount, image.currency) == (
        PriceUnit.STEP,
        PriceUnit.IMAGE,
        Decimal("0.02"),
        "USD",
    )
    assert image.agreed_on == NOW.date()
    assert store.read_project(PROJECT_ID) == project


def test_a_price_that_is_taken_back_leaves_nothing(negotiate: NegotiatePrices) -> None:
    negotiate(PROJECT_ID, MODEL, PriceUnit.IMAGE, Decimal("0.03"))

    assert negotiate(PROJECT_ID, MODEL, PriceUnit.IMAGE, None) == a_project()


def test_a_price_that_nothing_is_ever_billed_by_is_not_accepted(negotiate: NegotiatePrices) -> None:
    with pytest.raises(PriceNotAcceptedError, match="no model 'painter/pastels'"):
        negotiate(PROJECT_ID, "painter/pastels", PriceUnit.IMAGE, Decimal(1))
    with pytest.raises(PriceNotAcceptedError, match="never billed by the credit"):
        negotiate(PROJECT_ID, MODEL, PriceUnit.CREDIT, Decimal(1))


def test_a_project_that_does_not_exist_has_no_prices(negotiate: NegotiatePrices) -> None:
    with pytest.raises(UnknownProjectError):
        negotiate(ProjectId("prj_unknown"), MODEL, PriceUnit.IMAGE, Decimal(1))


def test_a_generation_is_reserved_and_settled_at_its_projects_own_price() -> None:
    gateway = Harness(project={"prices": {MODEL: (agreed("0.01"),), "painter/inks": (agreed("9"),)}})

    job = gateway().job

    assert job.prices == {MODEL: (agreed("0.01"),)}
    assert job.reservation is not None
    assert job.reservation.amount == dollars("0.01")
    assert job.cost is not None
    assert (job.cost.money, job.cost.source) == (dollars("0.01"), PROJECT_OVERRIDE)


def test_a_price_that_changes_meanwhile_does_not_alter_a_bill() -> None:
    gateway = Harness(project={"prices": {MODEL: (agreed("0.01"),)}})
    project = gateway.projects.projects[PROJECT_ID]

    def dearer(_: object) -> None:
        gateway.projects.projects[PROJECT_ID] = replace(project, prices={MODEL: (agreed("7"),)})

    gateway.check = gateway.provider.check = dearer

    assert gateway.jobs.spent == 0
    job = gateway().job
    assert job.cost is not None
    assert job.cost.money == dollars("0.01")
