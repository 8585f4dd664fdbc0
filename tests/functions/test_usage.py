"""Usage as whole events: a generation, the stream that tells of its end, and what `/v1/usage` says then."""

import csv
import io
from types import ModuleType
from typing import Any

import pytest

from tests.account import TABLE, Account
from tests.builders import PROJECT_ID
from tests.functions.conftest import load_handler
from tests.functions.events import CONTEXT, Answer
from tests.functions.gateway import Gateway

Json = dict[str, Any]


@pytest.fixture(scope="module")
def _notify(account_clients: Account) -> ModuleType:
    with pytest.MonkeyPatch.context() as patch:
        return load_handler(patch, "notify")


class Office:
    """A gateway whose stream is the test."""

    def __init__(self, gateway: Gateway, notify: ModuleType) -> None:
        self.gateway, self.notify = gateway, notify

    def tell(self) -> None:
        """Tell of every event that there is, as the stream does, once more each time."""
        items = self.gateway.account.dynamodb.scan(TableName=TABLE)["Items"]
        told = [item for item in items if item["pk"]["S"].startswith("EVENTS#")]
        records = [{"eventName": "INSERT", "dynamodb": {"NewImage": item}} for item in told]
        self.notify.handler({"Records": records}, CONTEXT)

    def usage(self, **query: str) -> Answer:
        return self.gateway(
            "get_generation", path="/v1/usage", resource="/v1/usage", queryStringParameters=query or None
        )


@pytest.fixture
def office(gateway: Gateway, _notify: ModuleType) -> Office:
    return Office(gateway, _notify)


def test_what_was_generated_is_used_once_however_often_it_is_told(office: Office) -> None:
    office.gateway.create(n=2, user="ann")
    office.gateway.create(user="ben")
    office.gateway.vendor_answers(500)
    office.gateway.create(user="ann")

    office.tell()
    office.tell()

    total = office.usage().json["total"]
    assert total["generations"] == {"total": 3, "succeeded": 2, "rejected": 0, "failed": 1, "canceled": 0}
    assert total["images"] == 3
    (row,) = office.usage(group_by="day,provider,model,key").json["data"]
    assert (row["provider"], row["model"], row["end_user"]) == ("embedded", "embedded/scenes", None)


def test_an_end_users_own_usage_is_found_by_the_apps_name_for_it(office: Office) -> None:
    office.gateway.create(user="ann")
    office.gateway.create(user="ben")
    office.gateway.create()
    office.tell()

    (ann,) = office.usage(group_by="end_user", end_user="ann").json["data"]
    rows = office.usage(group_by="end_user").json["data"]

    assert ann["images"] == 1
    assert "ann" not in ann["end_user"]
    assert len(rows) == 3
    assert rows[0]["end_user"] is None


def test_usage_is_told_as_csv(office: Office) -> None:
    office.gateway.create()
    office.tell()

    told = office.usage(group_by="model", format="csv")

    assert told.headers["content-type"] == "text/csv"
    (row,) = csv.DictReader(io.StringIO(told.text))
    assert (row["model"], row["succeeded"], row["currency"]) == ("embedded/scenes", "1", "USD")


def test_without_usage_there_are_no_rows(office: Office) -> None:
    told = office.usage(start_date="2026-11-01", end_date="2026-11-02")

    assert (told.status, told.json["data"], told.json["total"]["cost"]["total"]) == (200, [], "0")


def test_another_projects_usage_stays_its_own(office: Office) -> None:
    office.gateway.create()
    office.tell()

    told = office.gateway(
        "get_generation", project_id="prj_two", path="/v1/usage", resource="/v1/usage", queryStringParameters=None
    )

    assert told.json["data"] == []
    assert office.gateway.account.item(f"USAGE#{PROJECT_ID}")["succeeded"] == "1"


@pytest.mark.parametrize("query", [{"group_by": "week"}, {"format": "xml"}, {"since": "2026-11-01"}])
def test_what_cannot_be_asked_is_refused(office: Office, query: dict[str, str]) -> None:
    assert office.usage(**query).status == 400
