"""`make faults`: hundreds of generations while vendors, receivers and functions fail; nothing lost, nothing paid twice.

It deploys onto an emulator of its own, with the fake vendors of the end-to-end tests, and judges by their own ledgers.
"""

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import openai

from benchmarks.fault_plan import FREE, Wish, plan
from benchmarks.killing import killed_now_and_then
from dev import emulator
from dev.console import StepFailedError, exit_with, say
from dev.gateway import Gateway, launch
from imagegate.domain.job import Status
from shared_names import OUTPUT_TABLE, PARTITION_KEY, SORT_KEY, STACK_NAME
from tests.e2e.asking import opened_client
from tests.e2e.hooks import Inbox, content_of
from tests.e2e.support import DeployedGateway, opened
from tests.e2e.vendor_parts import mood_of
from tests.e2e.vendors import Vendors, opened_vendors

# Ten times as fast, so that a second try of a delivery is not five minutes away.
_SETTINGS: Final = {"SFN_WAIT_SCALE": "0.1"}
_CLIENTS: Final = 12
_TRIES: Final = 6
_ENDINGS: Final = frozenset({"provider_failed", "provider_throttled", "outcome_unknown", "moderation_blocked"})
_KILL_PAUSE_SECONDS: Final = 2.0
_FAILING_RECEIVER_SHARE: Final = 0.2
_LOOK_SECONDS: Final = 2.0
# Without progress for so long, the reconciler is told that it is later.
_QUIET_SECONDS: Final = 20.0
_SOON: Final = timedelta(minutes=30)
# The last resort: whatever is not over counts as given up.
_MUCH_LATER: Final = timedelta(hours=3)
_MOST_SECONDS: Final = 270.0
_ENDS: Final = frozenset(status.value for status in Status if status.is_terminal)


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """What a run came to."""

    jobs: int
    lost: int
    double_billed: int
    undelivered: int

    def __str__(self) -> str:
        return f"jobs {self.jobs} lost {self.lost} double_billed {self.double_billed} undelivered {self.undelivered}"

    @property
    def is_good(self) -> bool:
        """Whether nothing went wrong in the end."""
        return self.jobs > 0 and self.lost == self.double_billed == self.undelivered == 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One deployed gateway, its vendors, and the receiver of its events."""

    gateway: DeployedGateway
    vendors: Vendors
    inbox: Inbox

    def jobs(self) -> list[dict[str, Any]]:
        """Return every job there is."""
        pages = (
            self.gateway.aws("dynamodb")
            .get_paginator("scan")
            .paginate(TableName=self.gateway.outputs[OUTPUT_TABLE], ConsistentRead=True)
        )
        items: Iterable[Any] = (item for page in pages for item in page["Items"])
        return [
            json.loads(item["document"]["S"])
            for item in items
            if item[PARTITION_KEY]["S"].startswith("JOB#") and item[SORT_KEY]["S"] == "JOB"
        ]

    def told(self) -> set[tuple[str, str]]:
        """Return the generations whose end the receiver has accepted, with the event's type."""
        contents = [content_of(one) for one in list(self.inbox.accepted)]
        return {(one["data"]["id"], one["type"]) for one in contents if one["type"].startswith("generation.")}

    def reconcile(self, later: timedelta) -> dict[str, int]:
        """Run the reconciler as of a later moment."""
        event = {"as_of": (datetime.now(UTC) + later).isoformat()}
        answer = self.gateway.aws("lambda").invoke(
            FunctionName=f"{STACK_NAME.lower()}-reconcile", Payload=json.dumps(event).encode()
        )
        counts: dict[str, int] = json.loads(answer["Payload"].read())
        return counts


def ask_all(run: Run, wishes: tuple[Wish, ...]) -> Counter[str]:
    """Send every request, some of them twice at once; return how the answers without a generation are called."""
    refusals = Counter[str]()
    with opened_client(run.gateway.base_url, run.gateway.api_key) as client:

        def ask(wish: Wish) -> bool:
            return any(_accepts(client, wish, refusals) for _ in range(_TRIES))

        sent = [wish for wish in wishes for _ in range(wish.copies)]
        with ThreadPoolExecutor(max_workers=_CLIENTS) as pool:
            refusals["never accepted"] = list(pool.map(ask, sent)).count(False)
    return refusals


def _accepts(client: openai.OpenAI, wish: Wish, refusals: Counter[str]) -> bool:
    """Ask once, as a client does that repeats what failed under the same key."""
    path = "/images/generations" if wish.is_synchronous else "/generations"
    headers = {"idempotency-key": wish.key, **({} if wish.is_synchronous else {"prefer": "respond-async"})}
    options: Any = {"headers": headers}
    try:
        client.post(path, cast_to=object, body=dict(wish.body), options=options)
    except openai.APIStatusError as error:
        # A code of ours is the end of a generation; without one a function has died, or there are too many.
        if error.code not in _ENDINGS:
            refusals[f"{error.status_code} {error.code or ''}".strip()] += 1
        return error.code in _ENDINGS
    except openai.APIConnectionError:
        refusals["no answer"] += 1
        return False
    return True


def drain(run: Run, began: float) -> Counter[str]:
    """Wait until every job is over and told, and tell the reconciler that it is later when nothing moves."""
    reconciled, quiet_since, before = Counter[str](), time.monotonic(), (-1, -1)
    while True:
        jobs, told = run.jobs(), run.told()
        unfinished = [job for job in jobs if job["status"] not in _ENDS]
        untold = [job for job in jobs if job["status"] in _ENDS and not _is_told(job, told)]
        if not unfinished and not untold:
            return reconciled
        now, after = time.monotonic(), (len(unfinished), len(untold))
        if after != before:
            before, quiet_since = after, now
            say(f"{after[0]} under way, {after[1]} still to be told")
        if now - began > _MOST_SECONDS:
            reconciled.update(run.reconcile(_MUCH_LATER))
            if now - began > _MOST_SECONDS + 3 * _QUIET_SECONDS:
                return reconciled
        elif unfinished and now - quiet_since > _QUIET_SECONDS:
            reconciled.update(run.reconcile(_SOON))
            quiet_since = now
        time.sleep(_LOOK_SECONDS)


def judge(run: Run, wishes: tuple[Wish, ...]) -> Found:
    """Compare the gateway's records with the vendors' ledgers and the receiver's."""
    jobs, told = run.jobs(), run.told()
    lost = [job["id"] for job in jobs if job["status"] not in _ENDS]
    untold = [job["id"] for job in jobs if job["status"] in _ENDS and not _is_told(job, told)]
    twice = [wish.prompt for wish in wishes if _bills(run.vendors, wish) > 1]
    for label, names in (("lost", lost), ("billed twice", twice), ("never told", untold)):
        for name in names:
            say(f"{label}: {name}")
    return Found(jobs=len(jobs), lost=len(lost), double_billed=len(twice), undelivered=len(untold))


def _is_told(job: Mapping[str, Any], told: set[tuple[str, str]]) -> bool:
    return (job["id"], f"generation.{job['status']}") in told


def _bills(vendors: Vendors, wish: Wish) -> int:
    """Count the requests of one wish that a vendor charges for."""
    provider = wish.model.partition("/")[0]
    # A number is the beginning of a longer one, so the words end with what stands behind it.
    words = wish.prompt.partition(".")[0] + "."
    return sum(mood_of(provider, one.body) not in FREE for one in vendors.submits(words, provider))


def run_with_faults(count: int, seed: int) -> Found:
    """Deploy, ask, break, drain and judge."""
    wishes = plan(count, seed)
    chance = random.Random(seed)  # noqa: S311 - to be repeated, not to be secret
    with tempfile.TemporaryDirectory() as folder, opened_vendors() as vendors:
        statuses = [500 if chance.random() < _FAILING_RECEIVER_SHARE else 200 for _ in range(count)]
        context = {"provider_endpoints": json.dumps(vendors.endpoints())}
        launched = launch(
            Path(folder), port=emulator.free_port(), project="faults", settings=_SETTINGS, context=context
        )
        try:
            with opened(launched) as gateway:
                vendors.configure(gateway)
                run = Run(gateway=gateway, vendors=vendors, inbox=vendors.hooks.open(*statuses))
                _register(run)
                return _run(run, launched, wishes, seed)
        finally:
            emulator.stop(launched.emulator)


def _register(run: Run) -> None:
    body = {"url": f"{run.vendors.server.url}{run.inbox.path}", "events": ["*"]}
    with opened_client(run.gateway.base_url, run.gateway.admin_key) as admin:
        admin.post("/webhook_endpoints", cast_to=object, body=body)


def _run(run: Run, launched: Gateway, wishes: tuple[Wish, ...], seed: int) -> Found:
    began = time.monotonic()
    with killed_now_and_then(launched.emulator, seed, _KILL_PAUSE_SECONDS) as killed:
        refusals = ask_all(run, wishes)
        say(f"Asked for {len(wishes)} generations in {time.monotonic() - began:.0f} s; {_told(refusals)}")
    reconciled = drain(run, began)
    found = judge(run, wishes)
    statuses = Counter(job["status"] for job in run.jobs())
    say(f"Took {time.monotonic() - began:.0f} s, {sum(one.fault != '' for one in wishes)} requests with a fault")
    say(f"Killed functions: {_told(killed)}; receivers answered 500 {run.inbox.refusals} times")
    say(f"Reconciler: {_told(reconciled)}")
    say(f"Ends: {_told(statuses)}")
    return found


def _told(counts: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(counts.items()) if count) or "nothing"


def main() -> None:
    """Run, print the verdict, and fail where it is not clean."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--jobs", type=int, default=500)
    parser.add_argument("--seed", type=int, default=1)
    wanted = parser.parse_args()
    try:
        found = run_with_faults(wanted.jobs, wanted.seed)
    except StepFailedError as error:
        exit_with(error)
    print(found)
    sys.exit(0 if found.is_good else 1)


if __name__ == "__main__":
    main()
