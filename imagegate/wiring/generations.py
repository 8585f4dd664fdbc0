"""Wiring of a generation's steps, which more than one function takes."""

from dataclasses import dataclass

import shared_names
from imagegate.app.accept import Accept
from imagegate.app.advance import Advance
from imagegate.app.batch_ports import Download
from imagegate.app.calls import Calls
from imagegate.app.choose_route import ChooseRoute
from imagegate.app.collect import Collect
from imagegate.app.find import Find
from imagegate.app.in_flight import InFlight
from imagegate.app.inspect import Inspect
from imagegate.app.moderate import ModerateImages
from imagegate.app.observe import Observe
from imagegate.app.plan import Plan
from imagegate.app.publish import Publish
from imagegate.app.steps import Steps
from imagegate.app.submit import Submit
from imagegate.aws import clients
from imagegate.aws.callbacks import DynamoCallbacks
from imagegate.aws.images import S3ImageStore
from imagegate.aws.jobs import DynamoJobStore
from imagegate.aws.projects import DynamoProjectStore
from imagegate.aws.runs import StepFunctionsJobRuns
from imagegate.aws.signing import AwsSigner
from imagegate.aws.slots import DynamoSlots
from imagegate.configured import ConfiguredProviders
from imagegate.fetching import GuardedFetch
from imagegate.http import HttpTransport
from imagegate.wiring import deployment, vendors
from imagegate.wiring.deployment import new_id, now
from imagegate.wiring.moderate import moderate_prompt


@dataclass(frozen=True, slots=True, kw_only=True)
class Generations:
    """Jobs, pictures, providers, and the use cases that work on them."""

    jobs: DynamoJobStore
    images: S3ImageStore
    providers: ConfiguredProviders
    calls: Calls
    download: Download
    callbacks: DynamoCallbacks
    runs: StepFunctionsJobRuns
    steps: Steps


def generations(longest_read_seconds: float | None = None) -> Generations:
    """Build them for a function that can wait so long for one answer of a provider, or as long as that takes."""
    session = clients.session()
    jobs = deployment.jobs(session)
    images = S3ImageStore(client=clients.s3(session), bucket=deployment.setting(shared_names.IMAGES_BUCKET))
    signer = AwsSigner(session=session, endpoint_url=deployment.endpoint_url())
    providers = vendors.configured_providers(jobs, signer)
    stored = vendors.secrets_of(session, deployment.secret_prefix(), None)
    transport = HttpTransport(vendors.credentials(signer, stored), longest_read_seconds=longest_read_seconds)
    public_url = deployment.public_url()
    calls = Calls(
        providers=providers,
        catalog=providers,
        transport=transport,
        images=images,
        callback_url=f"{public_url}/v1/webhooks" if public_url else None,
    )
    callbacks = DynamoCallbacks(client=jobs.client, table=jobs.table)
    return Generations(
        jobs=jobs,
        images=images,
        providers=providers,
        calls=calls,
        download=transport.stream,
        callbacks=callbacks,
        runs=deployment.runs(session, jobs),
        steps=_steps(calls, jobs, images, callbacks, providers.trusted_origins()),
    )


def accept(parts: Generations) -> Accept:
    """Build what turns requests into jobs."""
    return Accept(
        projects=DynamoProjectStore(client=parts.jobs.client, table=parts.jobs.table),
        catalog=parts.providers,
        choose_route=ChooseRoute(catalog=parts.providers),
        moderate_prompt=moderate_prompt(),
        calls=parts.calls,
        plan=parts.steps.plan,
        jobs=parts.jobs,
        clock=now,
        new_id=new_id,
    )


def _steps(
    calls: Calls,
    jobs: DynamoJobStore,
    images: S3ImageStore,
    callbacks: DynamoCallbacks,
    trusted_origins: frozenset[str],
) -> Steps:
    in_flight = InFlight(slots=DynamoSlots(client=jobs.client, table=jobs.table), providers=calls.providers)
    advance = Advance(
        submit=Submit(calls=calls),
        observe=Observe(calls=calls, callbacks=callbacks),
        find=Find(calls=calls, callbacks=callbacks),
        collect=Collect(images=images, calls=calls, fetch=GuardedFetch(trusted_origins=trusted_origins)),
        in_flight=in_flight,
        jobs=jobs,
        clock=now,
    )
    moderate = ModerateImages(moderators=())
    return Steps(
        plan=Plan(calls=calls, catalog=calls.catalog, jobs=jobs, clock=now, new_id=new_id),
        advance=advance,
        inspect=Inspect(moderate_images=moderate, images=images, jobs=jobs, clock=now, new_id=new_id),
        publish=Publish(images=images, catalog=calls.catalog, in_flight=in_flight, jobs=jobs, clock=now, new_id=new_id),
    )
