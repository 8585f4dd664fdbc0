"""Functions that are killed and executions that never start: the reconciler ends their generations, once."""

import json
import os
import secrets
import signal
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import openai
import pytest

from dev.gateway import Keys, create_keys
from imagegate.app.ports import JobWrite
from imagegate.aws.jobs import DynamoJobStore
from imagegate.domain.ids import JobId, ProjectId
from imagegate.domain.job import LONGEST_SILENCE, Job, Status, new_job
from shared_names import (
    OUTPUT_AUDIT_TABLE,
    OUTPUT_IMAGES_BUCKET,
    OUTPUT_TABLE,
    PARTITION_KEY,
    QUARANTINE_PREFIX,
    STACK_NAME,
)
from tests.e2e import records
from tests.e2e.asking import facts, opened_client
from tests.e2e.support import DeployedGateway
from tests.e2e.vendor_parts import PICTURE_SIZE, picture_of
from tests.e2e.vendors import FAKES, Vendors

# Answers with the picture, and fast enough for somebody to wait.
FAKE = FAKES["huggingface"]
SOON = LONGEST_SILENCE + timedelta(minutes=5)
_SECONDS = 60.0
_LOOK_SECONDS = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class Tenant:
    """A project of a test's own, so that its budget holds nothing else."""

    gateway: DeployedGateway
    keys: Keys

    def job(self, job_id: str) -> Job:
        job = self.store.read(JobId(job_id))
        assert job is not None
        return job

    @property
    def store(self) -> DynamoJobStore:
        outputs = self.gateway.outputs
        return DynamoJobStore(
            client=self.gateway.aws("dynamodb"), table=outputs[OUTPUT_TABLE], audit_table=outputs[OUTPUT_AUDIT_TABLE]
        )

    def budget(self) -> tuple[Decimal, Decimal]:
        """Return what is committed and what is spent."""
        answer = self.gateway.aws("dynamodb").query(
            TableName=self.gateway.outputs[OUTPUT_TABLE],
            KeyConditionExpression=f"{PARTITION_KEY} = :budget",
            ExpressionAttributeValues={":budget": {"S": f"BUDGET#{self.keys.project_id}"}},
            ConsistentRead=True,
        )
        (item,) = answer["Items"]
        return Decimal(item["committed"]["N"]), Decimal(item["spent"]["N"])

    def reconcile(self, later: timedelta) -> dict[str, int]:
        """Reconcile as of a later moment."""
        event = {"as_of": (datetime.now(UTC) + later).isoformat()}
        answer = self.gateway.aws("lambda").invoke(
            FunctionName=f"{STACK_NAME.lower()}-reconcile", Payload=json.dumps(event).encode()
        )
        told: dict[str, int] = json.loads(answer["Payload"].read())
        assert answer.get("FunctionError") is None, told
        return told

    def ended(self, job_id: str) -> Job:
        """Wait until a generation is over."""
        deadline = time.monotonic() + _SECONDS
        while not (job := self.job(job_id)).status.is_terminal:
            assert time.monotonic() < deadline, f"{job_id} is {job.status}"
            time.sleep(_LOOK_SECONDS)
        return job


@pytest.fixture
def tenant(gateway: DeployedGateway) -> Tenant:
    keys = create_keys(gateway.aws_endpoint_url, gateway.outputs, project=f"reconciled {secrets.token_hex(4)}")
    return Tenant(gateway=gateway, keys=keys)


def _workers(gateway: DeployedGateway, function: str) -> list[int]:
    """Return the processes in which the emulator runs a function."""
    listed = Path(f"/proc/{gateway.emulator_pid}/task").glob("*/children")
    children = {int(pid) for file in listed for pid in file.read_text().split()}
    return [pid for pid in children if f"-{function}-".encode() in Path(f"/proc/{pid}/cmdline").read_bytes()]


def _kill_in_the_middle_of_a_call(tenant: Tenant, vendors: Vendors, prompt: str) -> str:
    """Kill the route function while a vendor works for it, and return the generation's id."""
    vendors.hangs.clear()

    def ask() -> None:
        with (
            opened_client(tenant.gateway.base_url, tenant.keys.api_key) as client,
            suppress(openai.APIError),
        ):
            client.images.generate(model=FAKE.model_id, prompt=f"{prompt} [hang]")

    caller = threading.Thread(target=ask)
    caller.start()
    assert vendors.hangs.wait(_SECONDS)
    for pid in _workers(tenant.gateway, "route"):
        os.kill(pid, signal.SIGKILL)
    caller.join(_SECONDS)
    (job,) = records.jobs_with_prompt(tenant.gateway, f"{prompt} [hang]")
    assert job["status"] == Status.RUNNING
    job_id: str = job["id"]
    return job_id


def _prompt() -> str:
    return f"a blue square {secrets.token_hex(8)}"


def test_a_function_killed_in_the_middle_of_a_call_leaves_a_generation_that_ends_and_is_not_sent_again(
    tenant: Tenant, vendors: Vendors
) -> None:
    prompt = _prompt()
    job_id = _kill_in_the_middle_of_a_call(tenant, vendors, prompt)

    first = tenant.reconcile(SOON)
    done = tenant.ended(job_id)
    second = tenant.reconcile(SOON)

    assert (first["ReconciledJobs"], second["ReconciledJobs"]) == (1, 0)
    assert done.status is Status.FAILED
    assert done.problem is not None
    assert done.problem.code == "outcome_unknown"
    assert len(vendors.submits(prompt)) == 1
    committed, spent = tenant.budget()
    assert committed == spent > 0
    assert done.cost is not None
    assert done.cost.money.amount == spent


def test_a_picture_that_was_stored_before_the_function_died_is_used(tenant: Tenant, vendors: Vendors) -> None:
    prompt = _prompt()
    job_id = _kill_in_the_middle_of_a_call(tenant, vendors, prompt)
    key = f"{QUARANTINE_PREFIX}{tenant.keys.project_id}/{job_id}/1-0.png"
    bucket = tenant.gateway.outputs[OUTPUT_IMAGES_BUCKET]
    tenant.gateway.aws("s3").put_object(Bucket=bucket, Key=key, Body=picture_of("teal"))

    tenant.reconcile(SOON)
    done = tenant.ended(job_id)

    assert done.status is Status.SUCCEEDED
    assert (done.images[0].width, done.images[0].height) == PICTURE_SIZE
    assert len(vendors.submits(prompt)) == 1
    committed, spent = tenant.budget()
    assert committed == spent > 0


def test_a_generation_whose_execution_never_started_is_made_all_the_same(tenant: Tenant, vendors: Vendors) -> None:
    prompt = _prompt()
    with opened_client(tenant.gateway.base_url, tenant.keys.api_key) as client:
        made = facts(client.images.generate(model=FAKE.model_id, prompt=prompt))
    example = tenant.job(made["id"])
    _, spent_before = tenant.budget()
    now = datetime.now(UTC)
    fresh = new_job(
        job_id=JobId(f"{example.id[:-8]}{secrets.token_hex(4)}"),
        project_id=ProjectId(tenant.keys.project_id),
        key_id=example.key_id,
        request=example.request,
        now=now,
    )
    forgotten = replace(
        fresh,
        route=example.route,
        moderation=example.moderation[:1],
        reservation=example.reservation,
        is_asynchronous=True,
    )
    tenant.store.write(JobWrite(job=forgotten, reservation=forgotten.reservation))

    told = tenant.reconcile(SOON)
    done = tenant.ended(fresh.id)

    # Other tests may have left generations under way, which are as old as of that moment.
    assert told["ReconciledJobs"] >= 1
    assert done.status is Status.SUCCEEDED
    assert len(vendors.submits(prompt)) == 2
    committed, spent = tenant.budget()
    assert committed == spent == 2 * spent_before > 0


def test_a_generation_beyond_help_is_given_up_with_what_it_may_have_cost(tenant: Tenant, vendors: Vendors) -> None:
    prompt = _prompt()
    job_id = _kill_in_the_middle_of_a_call(tenant, vendors, prompt)

    told = tenant.reconcile(timedelta(hours=3))

    assert told["AbandonedJobs"] == 1
    done: Any = tenant.job(job_id)
    assert (done.status, done.problem.code) == (Status.FAILED, "internal_error")
    committed, spent = tenant.budget()
    assert committed == spent > 0
    assert [item["job_id"]["S"] for item in _audited(tenant, job_id)] == [job_id]


def _audited(tenant: Tenant, job_id: str) -> list[Any]:
    return records.audit_items(replace(tenant.gateway, project_id=tenant.keys.project_id), job_id)
