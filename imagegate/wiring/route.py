"""Wiring of the `route` function."""

import time
from dataclasses import dataclass

import shared_names
from imagegate.app.cancel_generation import CancelGeneration
from imagegate.app.delete_generation import DeleteGeneration
from imagegate.app.explain_route import ExplainRoute
from imagegate.app.generate import Generate
from imagegate.app.list_generations import ListGenerations
from imagegate.app.list_models import ListModels
from imagegate.app.manage_batches import ManageBatches
from imagegate.app.manage_files import ManageFiles
from imagegate.app.read_generation import ReadGeneration, ReadImages
from imagegate.app.receive_images import ReceiveImages
from imagegate.aws.batches import DynamoBatchStore, StepFunctionsBatchRuns
from imagegate.aws.files import DynamoFileStore
from imagegate.aws.job_lists import DynamoJobLists
from imagegate.aws.objects import S3FileObjects
from imagegate.fetching import GuardedFetch
from imagegate.wiring import deployment
from imagegate.wiring.deployment import new_id, now
from imagegate.wiring.generations import Generations, accept, generations

# The function has 29 seconds; the rest is for writing down what became of the attempt.
LONGEST_READ_SECONDS = 26.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteServices:
    """What the `route` function needs."""

    generate: Generate
    read_generation: ReadGeneration
    list_generations: ListGenerations
    cancel_generation: CancelGeneration
    delete_generation: DeleteGeneration
    read_images: ReadImages
    list_models: ListModels
    explain_route: ExplainRoute
    receive_images: ReceiveImages
    files: ManageFiles
    batches: ManageBatches


def route_services() -> RouteServices:
    """Build what serves generations and models."""
    parts = generations(LONGEST_READ_SECONDS)
    files = _files(parts)
    read = ReadGeneration(jobs=parts.jobs)
    accepting = accept(parts)
    return RouteServices(
        generate=Generate(
            accept=accepting, steps=parts.steps, jobs=parts.jobs, runs=parts.runs, clock=now, sleep=time.sleep
        ),
        read_generation=read,
        list_generations=ListGenerations(jobs=DynamoJobLists(client=parts.jobs.client, table=parts.jobs.table)),
        cancel_generation=CancelGeneration(read=read, calls=parts.calls, publish=parts.steps.publish, runs=parts.runs),
        delete_generation=DeleteGeneration(
            read=read, jobs=parts.jobs, images=parts.images, callbacks=parts.callbacks, clock=now, new_id=new_id
        ),
        read_images=ReadImages(images=parts.images),
        list_models=ListModels(catalog=parts.providers),
        explain_route=ExplainRoute(projects=accepting.projects, choose_route=accepting.choose_route, clock=now),
        receive_images=ReceiveImages(images=parts.images, fetch=GuardedFetch(), new_id=new_id),
        files=files,
        batches=_batches(parts, files),
    )


def _files(parts: Generations) -> ManageFiles:
    return ManageFiles(
        files=DynamoFileStore(client=parts.jobs.client, table=parts.jobs.table),
        objects=S3FileObjects(store=parts.images),
        clock=now,
        new_id=new_id,
    )


def _batches(parts: Generations, files: ManageFiles) -> ManageBatches:
    machine = deployment.setting(shared_names.BATCH_MACHINE)
    return ManageBatches(
        batches=DynamoBatchStore(client=parts.jobs.client, table=parts.jobs.table),
        files=files,
        runs=StepFunctionsBatchRuns(states=parts.runs.states, machine=machine),
        clock=now,
        new_id=new_id,
    )
