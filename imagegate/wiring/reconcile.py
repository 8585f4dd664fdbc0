"""Wiring of the `reconcile` function, which asks no provider: it needs none of their secrets."""

import shared_names
from imagegate.app.free_slots import FreeSlots
from imagegate.app.in_flight import InFlight
from imagegate.app.publish import Publish
from imagegate.app.reconcile import Reconcile
from imagegate.app.sweep import Sweep
from imagegate.aws import clients
from imagegate.aws.configuration import DynamoConfigurationStore
from imagegate.aws.images import S3ImageStore
from imagegate.aws.job_lists import SHARDS, DynamoJobLists
from imagegate.aws.slots import DynamoSlots
from imagegate.aws.sweeps import DynamoSweepMarks
from imagegate.configured import ConfiguredProviders
from imagegate.wiring import deployment
from imagegate.wiring.deployment import new_id, now


def reconcile() -> Reconcile:
    """Build what settles the jobs that nobody drives any more."""
    session = clients.session()
    jobs = deployment.jobs(session)
    images = S3ImageStore(client=clients.s3(session), bucket=deployment.setting(shared_names.IMAGES_BUCKET))
    configuration = DynamoConfigurationStore(client=jobs.client, table=jobs.table)
    providers = ConfiguredProviders(read_settings=configuration.read, own={}, stand_ins={})
    slots = DynamoSlots(client=jobs.client, table=jobs.table)
    return Reconcile(
        lists=DynamoJobLists(client=jobs.client, table=jobs.table),
        shards=SHARDS,
        jobs=jobs,
        runs=deployment.runs(session, jobs),
        publish=Publish(
            images=images,
            catalog=providers,
            in_flight=InFlight(slots=slots, providers=providers),
            jobs=jobs,
            clock=now,
            new_id=new_id,
        ),
        free_slots=FreeSlots(slots=slots, configuration=configuration, jobs=jobs),
        sweep=Sweep(images=images, jobs=jobs, marks=DynamoSweepMarks(client=jobs.client, table=jobs.table), clock=now),
        clock=now,
    )
