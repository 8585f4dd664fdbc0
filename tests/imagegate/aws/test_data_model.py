"""The written data model names a test for each access pattern, and no item without an explanation."""

import re
from decimal import Decimal
from pathlib import Path

from imagegate.app.ports import JobWrite, KeptCallback
from imagegate.app.sweep import SweepMark
from imagegate.app.webhook_ports import EventClaim
from imagegate.aws.batches import DynamoBatchStore
from imagegate.aws.callbacks import DynamoCallbacks
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.deliveries import DynamoDeliveryStore
from imagegate.aws.events import DynamoEventStore
from imagegate.aws.files import DynamoFileStore
from imagegate.aws.jobs import DynamoJobStore
from imagegate.aws.projects import DynamoProjectStore
from imagegate.aws.runs import StepFunctionsJobRuns
from imagegate.aws.slots import DynamoSlots
from imagegate.aws.sweeps import DynamoSweepMarks
from imagegate.aws.usage import DynamoUsage
from imagegate.aws.webhooks import DynamoEndpointStore
from imagegate.domain.audit import event_for
from imagegate.domain.event import generation_event
from imagegate.domain.ids import EventId
from imagegate.domain.job import Status
from imagegate.domain.usage import Counter
from tests.account import AUDIT_TABLE, MACHINE, TABLE, Account
from tests.batches import BATCH_ID, FILE_ID, a_batch, a_file
from tests.builders import NOW, a_delivery, a_job, a_project, an_api_key, an_endpoint, an_event
from tests.imagegate.aws.test_batches import a_claim as subject_claim
from tests.imagegate.aws.test_budgets import a_reservation
from tests.imagegate.aws.test_jobs import a_claim
from tests.imagegate.domain.test_usage import a_record

ROOT = Path(__file__).parents[3]
DOCUMENT = (ROOT / "docs" / "data-model.md").read_text(encoding="utf-8")


def test_every_test_that_the_document_names_exists() -> None:
    named = set(re.findall(r"`(test_\w+)`", DOCUMENT))
    tests = "\n".join(file.read_text(encoding="utf-8") for file in Path(__file__).parent.glob("test_*.py"))

    assert named
    assert [name for name in sorted(named) if f"def {name}(" not in tests] == []


def test_every_item_in_the_tables_is_described(
    jobs: DynamoJobStore, projects: DynamoProjectStore, account: Account
) -> None:
    job = a_job(status=Status.FAILED)
    jobs.write(
        JobWrite(
            job=job,
            claim=a_claim(job),
            reservation=a_reservation("1", limit=None),
            event=event_for(job, EventId("evt_one")),
            notice=generation_event(job, EventId("evt_one")),
        )
    )
    projects.write_project(a_project(created_at=NOW))
    projects.write_key(an_api_key())
    DynamoConfigurationStore(client=account.dynamodb, table=TABLE).write("painter", {"region": "eu"})

    DynamoFileStore(client=account.dynamodb, table=TABLE).add(a_file(), subject_claim(FILE_ID))
    DynamoBatchStore(client=account.dynamodb, table=TABLE).add(a_batch(), subject_claim(BATCH_ID))
    DynamoEndpointStore(client=account.dynamodb, table=TABLE).write(an_endpoint())
    DynamoDeliveryStore(client=account.dynamodb, table=TABLE).create(a_delivery())

    runs = StepFunctionsJobRuns(
        states=account.states, machine=MACHINE, client=account.dynamodb, table=TABLE, clock=lambda: NOW
    )
    runs.keep_token(job.id, "token")
    callback = KeptCallback(body=b"{}", received_at=NOW)
    DynamoCallbacks(client=account.dynamodb, table=TABLE).add(job.id, 1, "evt_one", callback)

    DynamoSlots(client=account.dynamodb, table=TABLE).count("painter", "gen_one/1")
    DynamoSweepMarks(client=account.dynamodb, table=TABLE).write(SweepMark())

    _write_events(account)

    items = [*account.items(), *account.items(AUDIT_TABLE)]
    assert len(items) == 25
    for item in items:
        assert f"`{item['pk'].split('#')[0]}" in DOCUMENT
        assert all(f"`{name}`" in DOCUMENT for name in item)


def _write_events(account: Account) -> None:
    events = DynamoEventStore(client=account.dynamodb, table=TABLE)
    events.add(an_event(), EventClaim(key="k", expires_at=NOW))
    counted = an_event(
        id=EventId("evt_two"), usage=a_record(end_user="digest", counts={"": dict.fromkeys(Counter, Decimal(1))})
    )
    events.add(counted)
    DynamoUsage(client=account.dynamodb, table=TABLE).count([counted])
