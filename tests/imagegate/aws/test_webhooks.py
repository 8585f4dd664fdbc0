"""Endpoints, events and deliveries in the table, and the flows of deliveries."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from imagegate.app.watch_budget import BudgetChange
from imagegate.app.webhook_ports import EventClaim, StaleDeliveryError, StaleEndpointError
from imagegate.aws import deliveries as deliveries_module
from imagegate.aws.deliveries import DynamoDeliveryStore, StepFunctionsFlows
from imagegate.aws.events import DynamoEventStore, event_item
from imagegate.aws.stream import read_change
from imagegate.aws.webhooks import DynamoEndpointStore
from imagegate.domain.delivery import Delivery, DeliveryStatus, Try, replay
from imagegate.domain.event import EVENT_RETENTION
from imagegate.domain.ids import EventId, ProjectId
from imagegate.domain.webhook import EndpointId, new_secret, rotate
from tests.account import REGION, TABLE, Account
from tests.builders import NOW, OTHER_PROJECT_ID, PROJECT_ID, a_delivery, an_endpoint, an_event


@pytest.fixture
def endpoints(account: Account) -> DynamoEndpointStore:
    return DynamoEndpointStore(client=account.dynamodb, table=TABLE)


@pytest.fixture
def events(account: Account) -> DynamoEventStore:
    return DynamoEventStore(client=account.dynamodb, table=TABLE)


@pytest.fixture
def deliveries(account: Account) -> DynamoDeliveryStore:
    return DynamoDeliveryStore(client=account.dynamodb, table=TABLE)


def test_an_endpoint_is_read_back_with_its_secrets(endpoints: DynamoEndpointStore) -> None:
    written = endpoints.write(rotate(an_endpoint(), new_secret(b"2" * 32, NOW), "mark"))

    assert written.version == 1
    assert endpoints.read(PROJECT_ID, written.id) == written
    assert endpoints.read(OTHER_PROJECT_ID, written.id) is None


def test_the_endpoints_of_a_project_are_listed_and_nothing_else_of_it(
    endpoints: DynamoEndpointStore, account: Account
) -> None:
    account.dynamodb.put_item(TableName=TABLE, Item={"pk": {"S": f"PROJECT#{PROJECT_ID}"}, "sk": {"S": "PROJECT"}})
    first = endpoints.write(an_endpoint())
    second = endpoints.write(an_endpoint(id=EndpointId("we_two")))
    endpoints.write(an_endpoint(id=EndpointId("we_three"), project_id=OTHER_PROJECT_ID))

    assert endpoints.of_project(PROJECT_ID) == (first, second)


def test_an_endpoint_that_somebody_else_wrote_is_not_overwritten(endpoints: DynamoEndpointStore) -> None:
    first = endpoints.write(an_endpoint())
    second = endpoints.write(replace(first, description="newer"))

    with pytest.raises(StaleEndpointError):
        endpoints.write(replace(first, description="older"))
    with pytest.raises(StaleEndpointError):
        endpoints.write(an_endpoint())
    assert endpoints.read(PROJECT_ID, first.id) == second


def test_a_deleted_endpoint_is_gone_with_its_pointer_and_does_not_come_back(
    endpoints: DynamoEndpointStore, account: Account
) -> None:
    endpoint = endpoints.write(an_endpoint())

    endpoints.delete(endpoint)
    endpoints.delete(endpoint)

    assert account.items() == []
    with pytest.raises(StaleEndpointError):
        endpoints.write(endpoint)


def test_a_failure_that_is_no_conflict_is_not_taken_for_one(account: Account) -> None:
    nowhere = DynamoEndpointStore(client=account.dynamodb, table="no-such-table")

    with pytest.raises(ClientError):
        nowhere.write(an_endpoint())


def test_every_project_with_an_endpoint_is_found_once(endpoints: DynamoEndpointStore) -> None:
    for number in range(3):
        endpoints.write(an_endpoint(id=EndpointId(f"we_{number}")))
    endpoints.write(an_endpoint(id=EndpointId("we_three"), project_id=OTHER_PROJECT_ID))

    assert list(endpoints.projects()) == [PROJECT_ID, OTHER_PROJECT_ID]


def test_an_event_is_written_where_the_stream_finds_it(events: DynamoEventStore, account: Account) -> None:
    assert events.add(an_event()) == an_event().id

    item = account.item(f"EVENTS#{PROJECT_ID}")
    assert item["sk"] == f"2026-11-22T12:30:15.250000+00:00#{an_event().id}"
    assert int(item["expires_at"]) == int((NOW + EVENT_RETENTION).timestamp())


def test_an_event_whose_claim_is_taken_is_not_written_again(events: DynamoEventStore, account: Account) -> None:
    claim = EventClaim(key="budget#one", expires_at=NOW + timedelta(days=1))
    later = an_event(id=EventId("evt_two"), created_at=NOW + timedelta(hours=1))

    assert events.add(an_event(), claim) == an_event().id
    assert events.add(later, claim) == an_event().id
    assert events.add(later, replace(claim, key="budget#two")) == later.id

    assert len([item for item in account.items() if item["pk"].startswith("EVENTS#")]) == 2


def test_an_expired_claim_on_an_event_counts_as_none(events: DynamoEventStore) -> None:
    claim = EventClaim(key="budget#one", expires_at=NOW + timedelta(hours=1))
    later = an_event(id=EventId("evt_two"), created_at=NOW + timedelta(hours=2))
    events.add(an_event(), claim)

    assert events.add(later, claim) == later.id


def test_a_failure_that_is_no_claim_is_not_taken_for_one(account: Account) -> None:
    nowhere = DynamoEventStore(client=account.dynamodb, table="no-such-table")

    with pytest.raises(ClientError):
        nowhere.add(an_event(), EventClaim(key="k", expires_at=NOW))


def test_a_delivery_is_read_back_with_its_tries(deliveries: DynamoDeliveryStore, account: Account) -> None:
    delivery = a_delivery(tries=(Try(at=NOW, status_code=500, duration_ms=12), Try(at=NOW, error="lost")))

    deliveries.create(delivery)

    assert deliveries.read(delivery.endpoint_id, delivery.event.id) == delivery
    assert deliveries.read(EndpointId("we_two"), delivery.event.id) is None
    item = account.item(f"DELIVERIES#{delivery.endpoint_id}")
    assert (item["sk"], item["status"], item["run"]) == (delivery.event.id, "pending", delivery.run)
    assert int(item["expires_at"]) == int(delivery.event.expires_at.timestamp())


def test_a_delivery_that_exists_is_not_begun_again(deliveries: DynamoDeliveryStore) -> None:
    done = a_delivery(status=DeliveryStatus.DELIVERED)
    deliveries.create(done)

    deliveries.create(a_delivery())

    assert deliveries.read(done.endpoint_id, done.event.id) == done


def test_a_delivery_is_written_by_the_run_that_works_on_it_alone(deliveries: DynamoDeliveryStore) -> None:
    first = a_delivery()
    second = replay(first, "again")
    deliveries.create(first)

    deliveries.write(second, run=first.run)

    with pytest.raises(StaleDeliveryError):
        deliveries.write(first, run=first.run)
    assert deliveries.read(first.endpoint_id, first.event.id) == second


def _five(deliveries: DynamoDeliveryStore) -> list[Delivery]:
    """Write five deliveries, every other one dead, and return them, the latest first."""
    written = []
    for number in range(5):
        status = DeliveryStatus.DEAD if number % 2 == 0 else DeliveryStatus.DELIVERED
        written.append(a_delivery(event=an_event(id=EventId(f"evt_{number}")), status=status))
        deliveries.create(written[-1])
    return written[::-1]


def test_deliveries_are_listed_page_by_page_with_the_latest_event_first(deliveries: DynamoDeliveryStore) -> None:
    endpoint_id, written = an_endpoint().id, _five(deliveries)

    first = deliveries.page(endpoint_id, status=None, limit=3, after=None)
    second = deliveries.page(endpoint_id, status=None, limit=3, after=first.next_after)

    assert (list(first.deliveries), first.next_after) == (written[:3], "evt_2")
    assert (list(second.deliveries), second.next_after) == (written[3:], None)
    assert deliveries.page(endpoint_id, status=None, limit=5, after=None).next_after is None


def test_deliveries_are_found_by_their_status_however_few_are_read_at_once(
    deliveries: DynamoDeliveryStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deliveries_module, "_LOOKED_AT_ONCE", 1)
    endpoint_id, written = an_endpoint().id, _five(deliveries)

    first = deliveries.page(endpoint_id, status=DeliveryStatus.DEAD, limit=2, after=None)
    second = deliveries.page(endpoint_id, status=DeliveryStatus.DEAD, limit=2, after=first.next_after)

    assert [*first.deliveries, *second.deliveries] == written[::2]
    assert second.next_after is None


def test_a_run_is_started_once(account: Account) -> None:
    client = boto3.client("stepfunctions", region_name=REGION)
    role = "arn:aws:iam::123456789012:role/flows"
    machine = client.create_state_machine(name="deliver", definition='{"StartAt": "A"}', roleArn=role)
    flows = StepFunctionsFlows(client=client, state_machine=machine["stateMachineArn"])

    flows.start(a_delivery())
    flows.start(a_delivery(status=DeliveryStatus.DELIVERED))
    flows.start(a_delivery(run="again"))

    listed = client.list_executions(stateMachineArn=machine["stateMachineArn"])["executions"]
    assert {one["name"] for one in listed} == {a_delivery().run, "again"}


def test_a_run_that_cannot_be_started_is_no_success(account: Account) -> None:
    client = boto3.client("stepfunctions", region_name=REGION)
    machine = "arn:aws:states:us-east-1:123456789012:stateMachine:none"

    with pytest.raises(ClientError, match="StateMachineDoesNotExist"):
        StepFunctionsFlows(client=client, state_machine=machine).start(a_delivery())


def _record(new: Any, old: Any = None) -> dict[str, Any]:
    images = {"NewImage": new} | ({"OldImage": old} if old else {})
    return {"eventName": "INSERT", "dynamodb": images if new else {"OldImage": old}}


def test_the_stream_tells_of_an_event() -> None:
    assert read_change(_record(event_item(an_event()))) == an_event()


def test_the_stream_tells_what_was_spent() -> None:
    budget = {"pk": {"S": "BUDGET#prj_one"}, "sk": {"S": "2026-11"}, "committed": {"N": "5"}}
    nothing = Decimal(0)

    assert read_change(_record(budget)) == BudgetChange(
        project_id=ProjectId("prj_one"), month="2026-11", before=nothing, after=nothing
    )
    told = read_change(_record(budget | {"spent": {"N": "4.50"}}, budget | {"spent": {"N": "1.25"}}))
    assert isinstance(told, BudgetChange)
    assert (str(told.before), str(told.after)) == ("1.25", "4.50")


def test_the_stream_tells_nothing_of_other_items_or_of_what_expired() -> None:
    job = {"pk": {"S": "JOB#gen_one"}, "sk": {"S": "JOB"}}

    assert read_change(_record(job)) is None
    assert read_change(_record(None, event_item(an_event()))) is None
