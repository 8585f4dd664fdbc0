"""Wiring of the `route` function."""

import time
from dataclasses import dataclass

from imagegate.app.generate import Generate
from imagegate.app.list_models import ListModels
from imagegate.app.read_generation import ReadGeneration, ReadImages
from imagegate.app.receive_images import ReceiveImages
from imagegate.fetching import GuardedFetch
from imagegate.wiring.deployment import new_id, now
from imagegate.wiring.generations import accept, generations

# The function has 29 seconds; the rest is for writing down what became of the attempt.
LONGEST_READ_SECONDS = 26.0


@dataclass(frozen=True, slots=True, kw_only=True)
class RouteServices:
    """What the `route` function needs."""

    generate: Generate
    read_generation: ReadGeneration
    read_images: ReadImages
    list_models: ListModels
    receive_images: ReceiveImages


def route_services() -> RouteServices:
    """Build what serves generations and models."""
    parts = generations(LONGEST_READ_SECONDS)
    return RouteServices(
        generate=Generate(
            accept=accept(parts), steps=parts.steps, jobs=parts.jobs, runs=parts.runs, clock=now, sleep=time.sleep
        ),
        read_generation=ReadGeneration(jobs=parts.jobs),
        read_images=ReadImages(images=parts.images),
        list_models=ListModels(catalog=parts.providers),
        receive_images=ReceiveImages(images=parts.images, fetch=GuardedFetch(), new_id=new_id),
    )
