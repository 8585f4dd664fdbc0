"""Webhook endpoints from the request to the receiver: registered, told by the stream, sent, replayed, deleted."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import ModuleType
from typing import Any

import boto3
import pytest

import shared_names
from imagegate.aws.events import event_item
from imagegate.aws.projects import DynamoProjectStore
from imagegate.aws.webhooks import DynamoEndpointStore
from imagegate.catalog import find_card
from imagegate.domain.event import Event
from imagegate.domain.webhook import EndpointId
from tests.account import DELIVERY_MACHINE, REGION, TABLE, Account
from tests.builders import PROJECT_ID, a_project, an_endpoint, an_event, dollars
from tests.functions.conftest import load_handler
from tests.functions.events import CONTEXT, Answer, ask, event
from tests.loopback import Loopback, Received, Reply, served


@dataclass(frozen=True, slots=True, kw_only=True)
class Office:
    """The three functions that webhooks take, with a receiver on loopback."""

    account: Account
    receiver: Loopback
    route: ModuleType
    notify: ModuleType
    deliver: ModuleType

    def __call__(self, method: str, path: str = "", *, role: str = "admin", key: str = "", **changes: Any) -> Answer:
        headers = {"Idempotency-Key": key} if key else {}
        query = changes.pop("query", None)
        told = event("get_generation", headers=headers, httpMethod=method, **changes)
        told |= {"path": f"/v1/webhook_endpoints{path}", "queryStringParameters": query}
        told["requestContext"]["authorizer"]["role"] = role
        return ask(self.route.handler, told)

    def create(self, key: str = "", **fields: Any) -> Answer:
        """Register the receiver."""
        return self("POST", key=key, body={"url": f"{self.receiver.url}/hooks"} | fields)

    def tell(self, happened: Event) -> None:
        """Let the stream tell of an event."""
        record = {"eventName": "INSERT", "dynamodb": {"NewImage": event_item(happened)}}
        self.notify.handler({"Records": [record]}, CONTEXT)

    def runs(self) -> list[dict[str, str]]:
        """Return the inputs of all flows that were started."""
        client = boto3.client("stepfunctions", region_name=REGION)
        listed = client.list_executions(stateMachineArn=DELIVERY_MACHINE)["executions"]
        return [
            json.loads(client.describe_execution(executionArn=one["executionArn"])["input"])
            for one in sorted(listed, key=lambda one: one["startDate"])
        ]

    def try_once(self, run: dict[str, str]) -> dict[str, Any]:
        """Take the first step of a flow."""
        verdict: dict[str, Any] = self.deliver.handler(run, CONTEXT)
        return verdict


@pytest.fixture(scope="module")
def _receiver() -> Iterator[Loopback]:
    with served(lambda request: Reply()) as loopback:
        yield loopback


@pytest.fixture(scope="module")
def _functions(account_clients: Account, _receiver: Loopback) -> dict[str, ModuleType]:
    with pytest.MonkeyPatch.context() as patch:
        endpoints = json.dumps({"embedded": _receiver.url})
        names = ("route", "notify", "deliver")
        return {name: load_handler(patch, name, **{shared_names.PROVIDER_ENDPOINTS: endpoints}) for name in names}


@pytest.fixture
def office(account: Account, _functions: dict[str, ModuleType], _receiver: Loopback) -> Office:
    _receiver.respond = lambda request: Reply()
    _receiver.received.clear()
    boto3.client("stepfunctions", region_name=REGION).create_state_machine(
        name=DELIVERY_MACHINE.rpartition(":")[2], definition="{}", roleArn="arn:aws:iam::123456789012:role/flows"
    )
    return Office(account=account, receiver=_receiver, **_functions)


def _is_signed(request: Received, secret: str) -> bool:
    signed = f"{request.headers['webhook-id']}.{request.headers['webhook-timestamp']}.".encode() + request.body
    digest = hmac.new(base64.b64decode(secret.removeprefix("whsec_")), signed, hashlib.sha256).digest()
    return f"v1,{base64.b64encode(digest).decode()}" in request.headers["webhook-signature"].split()


def test_an_endpoint_is_registered_listed_read_and_deleted_and_its_secret_is_told_once(office: Office) -> None:
    created = office.create(events=["generation.succeeded"], description="the shop")

    endpoint = created.json
    secret = endpoint.pop("secret")
    assert created.status == 200
    assert secret.startswith("whsec_")
    assert (endpoint["object"], endpoint["status"], endpoint["events"]) == (
        "webhook_endpoint",
        "enabled",
        ["generation.succeeded"],
    )
    del endpoint["previous_expires_at"]
    assert office("GET", role="client").json == {"object": "list", "data": [endpoint]}
    assert office("GET", f"/{endpoint['id']}", role="client").json == endpoint
    deleted = office("DELETE", f"/{endpoint['id']}")
    assert deleted.json == {"id": endpoint["id"], "object": "webhook_endpoint", "deleted": True}
    assert office("GET", f"/{endpoint['id']}").code == "webhook_endpoint_not_found"


def test_a_repeat_gets_the_same_endpoint(office: Office) -> None:
    first, repeat = office.create("once"), office.create("once")

    assert first.json == repeat.json
    assert office.create("once", description="other").code == "idempotency_key_reused"


@pytest.mark.parametrize(
    ("fields", "code", "param"),
    [
        ({"url": "http://app.example/hooks"}, "invalid_value", "url"),
        ({"url": "https://127.0.0.1/hooks"}, "invalid_value", "url"),
        ({"url": ""}, "invalid_value", "url"),
        ({"events": []}, "invalid_value", "events"),
        ({"events": ["webhook_endpoint.test"]}, "invalid_value", "events.0"),
        ({"secret": "mine"}, "unknown_parameter", "secret"),
    ],
)
def test_what_cannot_be_registered_is_refused_by_its_field(
    office: Office, fields: dict[str, Any], code: str, param: str
) -> None:
    refused = office.create(**fields)

    assert (refused.status, refused.code, refused.json["error"]["param"]) == (400, code, param)


def test_a_client_key_must_not_change_endpoints(office: Office) -> None:
    endpoint_id = office.create().json["id"]

    refused = office("DELETE", f"/{endpoint_id}", role="client")

    assert (refused.status, refused.code) == (403, "permission_denied")
    assert office("POST", f"/{endpoint_id}/rotate_secret", role="client").code == "permission_denied"


@pytest.mark.parametrize("path", ["", "/we_1", "/we_1/test", "/we_1/rotate_secret", "/we_1/deliveries"])
def test_other_methods_are_refused(office: Office, path: str) -> None:
    assert office("PUT", path).code == "method_not_allowed"


def test_an_event_reaches_the_receiver_signed(office: Office) -> None:
    secret = office.create().json["secret"]

    office.tell(an_event())
    office.tell(an_event())

    (run,) = office.runs()
    assert office.try_once(run) == {"verdict": "delivered", "seconds": 0}
    (request,) = office.receiver.received
    assert (request.method, request.path) == ("POST", "/hooks")
    assert request.headers["webhook-id"] == an_event().id
    assert _is_signed(request, secret)
    assert json.loads(request.body)["type"] == "generation.succeeded"


def test_a_delivery_is_listed_with_its_tries_and_can_be_replayed(office: Office) -> None:
    endpoint_id = office.create().json["id"]
    office.receiver.respond = lambda request: Reply(status=500)
    office.tell(an_event())
    (run,) = office.runs()
    assert office.try_once(run)["verdict"] == "retry"

    listed = office("GET", f"/{endpoint_id}/deliveries", query={"status": "pending", "limit": "1"}).json
    replayed = office("POST", f"/{endpoint_id}/deliveries/{an_event().id}/replay", key="once")
    office("POST", f"/{endpoint_id}/deliveries/{an_event().id}/replay", key="once")

    assert (listed["has_more"], listed["last_id"]) == (False, None)
    (delivery,) = listed["data"]
    assert (delivery["event_id"], delivery["status"], delivery["subject_id"]) == (an_event().id, "pending", "gen_one")
    assert [one["status_code"] for one in delivery["tries"]] == [500]
    assert (replayed.status, replayed.json["event_id"]) == (202, an_event().id)
    old, new = office.runs()
    assert office.try_once(old)["verdict"] == "superseded"
    assert office.try_once(new) == {"verdict": "retry", "seconds": pytest.approx(5, abs=1)}
    assert len({(one.headers["webhook-id"], one.body) for one in office.receiver.received}) == 1


@pytest.mark.parametrize("query", [{"status": "lost"}, {"limit": "0"}, {"limit": "many"}, {"after": "evt_1"}])
def test_a_list_that_makes_no_sense_is_refused(office: Office, query: dict[str, str]) -> None:
    refused = office("GET", f"/{office.create().json['id']}/deliveries", query=query)

    assert (refused.code, refused.json["error"]["param"]) == ("invalid_value", next(iter(query)))


def test_deliveries_are_read_page_by_page(office: Office) -> None:
    endpoint_id = office.create().json["id"]
    for number in range(3):
        office.tell(an_event(id=f"evt_{number:032x}"))

    first = office("GET", f"/{endpoint_id}/deliveries", query={"limit": "2"}).json
    second = office("GET", f"/{endpoint_id}/deliveries", query={"limit": "2", "after": first["last_id"]}).json

    assert (first["has_more"], second["has_more"]) == (True, False)
    assert [one["event_id"][-1] for one in (*first["data"], *second["data"])] == ["2", "1", "0"]


def test_a_test_is_written_where_the_stream_finds_it_and_goes_to_this_endpoint(office: Office) -> None:
    endpoint_id = office.create(events=["budget.threshold"]).json["id"]
    office.create()

    told = office("POST", f"/{endpoint_id}/test", role="client")

    item = office.account.item(f"EVENTS#{PROJECT_ID}")
    assert told.status == 202
    assert item["event_type"] == told.json["type"] == "webhook_endpoint.test"
    stored = office.account.dynamodb.get_item(TableName=TABLE, Key={k: {"S": item[k]} for k in ("pk", "sk")})["Item"]
    office.notify.handler({"Records": [{"dynamodb": {"NewImage": stored}}]}, CONTEXT)
    (run,) = office.runs()
    assert (run["endpoint_id"], run["event_id"]) == (endpoint_id, told.json["event_id"])


def test_after_a_rotation_both_secrets_are_good(office: Office) -> None:
    created = office.create().json
    rotated = office("POST", f"/{created['id']}/rotate_secret").json

    office.tell(an_event())
    office.try_once(office.runs()[0])

    (request,) = office.receiver.received
    assert rotated["secret"] != created["secret"]
    assert rotated["previous_expires_at"] > created["created_at"]
    assert all(_is_signed(request, secret) for secret in (created["secret"], rotated["secret"]))


def test_a_receiver_that_is_gone_disables_its_endpoint(office: Office) -> None:
    endpoint_id = office.create().json["id"]
    office.receiver.respond = lambda request: Reply(status=410)
    office.tell(an_event())

    assert office.try_once(office.runs()[0])["verdict"] == "dead"

    endpoint = office("GET", f"/{endpoint_id}").json
    assert (endpoint["status"], endpoint["disabled_reason"]) == ("disabled", "gone")


def test_spending_over_a_threshold_becomes_an_event(office: Office) -> None:
    store = DynamoProjectStore(client=office.account.dynamodb, table=TABLE)
    store.write_project(a_project(monthly_budget=dollars("10")))
    budget = {"pk": {"S": f"BUDGET#{PROJECT_ID}"}, "sk": {"S": "2026-11"}, "spent": {"N": "5.5"}}

    office.notify.handler({"Records": [{"eventName": "MODIFY", "dynamodb": {"NewImage": budget}}]}, CONTEXT)

    told = office.account.item(f"EVENTS#{PROJECT_ID}")["document"]["data"]
    assert (told["percent"], told["spent"]["amount"]) == (50, "5.5")


def test_what_nobody_must_be_told_changes_nothing(office: Office) -> None:
    before = len(office.account.items())

    office.notify.handler({"Records": [{"eventName": "REMOVE", "dynamodb": {}}]}, CONTEXT)

    assert len(office.account.items()) == before


def test_the_daily_task_looks_at_the_models_of_configured_providers(office: Office) -> None:
    DynamoEndpointStore(client=office.account.dynamodb, table=TABLE).write(an_endpoint(id=EndpointId("we_one")))
    announce: Callable[[], tuple[Any, ...]] = office.notify.services.announce_deprecations.cards

    office.notify.handler({"task": shared_names.TASK_ANNOUNCE_DEPRECATIONS}, CONTEXT)

    assert announce() == (find_card("embedded/scenes"),)
