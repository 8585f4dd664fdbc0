"""The CPU that our own code spends on one generation: everything but the AWS client, with all ports in memory.

From the request's JSON through moderation, base64, hash and header of the picture to the answer's JSON.
"""

import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final

from benchmarks import memory
from benchmarks.figures import median
from benchmarks.vendor import invocation_answer
from functions.telling import images_answer
from imagegate.api.requests import ImageGenerationBody, read_body
from imagegate.app.accept import Accept
from imagegate.app.advance import Advance
from imagegate.app.calls import Calls
from imagegate.app.choose_route import ChooseRoute
from imagegate.app.collect import Collect
from imagegate.app.find import Find
from imagegate.app.generate import Generate
from imagegate.app.in_flight import InFlight
from imagegate.app.inspect import Inspect
from imagegate.app.moderate import ModerateImages
from imagegate.app.observe import Observe
from imagegate.app.plan import Plan
from imagegate.app.publish import Publish
from imagegate.app.read_generation import ReadImages
from imagegate.app.steps import Steps
from imagegate.app.submit import Submit
from imagegate.configured import ConfiguredProviders
from imagegate.domain.ids import KeyId, new_id
from imagegate.domain.project import Principal, Role
from imagegate.wiring import moderate as wiring

_BODY: Final = b'{"model": "embedded/scenes", "prompt": "a red circle on a blue background", "size": "256x256"}'
_PRINCIPAL: Final = Principal(project_id=memory.PROJECT.id, key_id=KeyId("key_benchmark"), role=Role.CLIENT)
_BATCHES: Final = 9
_REQUESTS: Final = 20


def _generate_with(answer: bytes) -> Generate:
    records, pictures = memory.Records(), memory.Pictures()
    configured = ConfiguredProviders(read_settings=dict, own={"embedded": "http://vendor.example"}, stand_ins={})
    calls = Calls(providers=configured, catalog=configured, transport=memory.Vendor(answer), images=pictures)
    steps = _steps(calls, records, pictures)
    accept = Accept(
        projects=records,
        catalog=configured,
        choose_route=ChooseRoute(catalog=configured),
        moderate_prompt=wiring.moderate_prompt(),
        calls=calls,
        plan=steps.plan,
        jobs=records,
        clock=_now,
        new_id=_new_id,
    )
    return Generate(accept=accept, steps=steps, jobs=records, runs=memory.Runs(), clock=_now, sleep=time.sleep)


def _steps(calls: Calls, records: memory.Records, pictures: memory.Pictures) -> Steps:
    callbacks = memory.Callbacks()
    in_flight = InFlight(slots=memory.Slots(), providers=calls.providers)
    moderate = ModerateImages(moderators=())
    return Steps(
        plan=Plan(calls=calls, catalog=calls.catalog, jobs=records, clock=_now, new_id=_new_id),
        advance=Advance(
            submit=Submit(calls=calls),
            observe=Observe(calls=calls, callbacks=callbacks),
            find=Find(calls=calls, callbacks=callbacks),
            collect=Collect(images=pictures, calls=calls, fetch=lambda url: b""),
            in_flight=in_flight,
            jobs=records,
            clock=_now,
        ),
        inspect=Inspect(moderate_images=moderate, images=pictures, jobs=records, clock=_now, new_id=_new_id),
        publish=Publish(
            images=pictures, catalog=calls.catalog, in_flight=in_flight, jobs=records, clock=_now, new_id=_new_id
        ),
    )


def cpu_milliseconds(size_bytes: int) -> float:
    """Return the CPU time of one request whose picture has this size."""
    generate = _generate_with(invocation_answer(size_bytes))
    read_images = ReadImages(images=memory.Pictures())

    def serve() -> str:
        request = read_body(ImageGenerationBody, _BODY).to_domain()
        return images_answer(read_images, generate(_PRINCIPAL, request), None).model_dump_json()

    serve()
    return median(_batch(serve) for _ in range(_BATCHES))


def _batch(serve: Callable[[], str]) -> float:
    began = time.process_time()
    for _ in range(_REQUESTS):
        serve()
    return (time.process_time() - began) * 1000 / _REQUESTS


def _now() -> datetime:
    return datetime.now(UTC)


def _new_id(prefix: str) -> str:
    return new_id(prefix, _now(), bytes(10))
