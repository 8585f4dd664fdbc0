"""Wiring of a generation's steps, which more than one function takes."""

import time
from dataclasses import dataclass

import shared_names
from imagegate.app.accept import Accept
from imagegate.app.advance import Advance
from imagegate.app.calls import Calls
from imagegate.app.collect import Collect
from imagegate.app.conclude import Conclude
from imagegate.app.generate import Generate
from imagegate.app.moderate import ModerateImages
from imagegate.app.observe import Observe
from imagegate.app.publish import Publish
from imagegate.app.submit import Submit
from imagegate.aws import clients
from imagegate.aws.images import S3ImageStore
from imagegate.aws.jobs import DynamoJobStore
from imagegate.aws.projects import DynamoProjectStore
from imagegate.aws.signing import AwsSigner
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
    generate: Generate


def generations(longest_read_seconds: float) -> Generations:
    """Build them for a function that can wait so long for one answer of a provider."""
    session = clients.session()
    jobs = deployment.jobs(session)
    images = S3ImageStore(client=clients.s3(session), bucket=deployment.setting(shared_names.IMAGES_BUCKET))
    signer = AwsSigner(session=session, endpoint_url=deployment.endpoint_url())
    providers = vendors.configured_providers(jobs, signer)
    stored = vendors.secrets_of(session, deployment.secret_prefix(), None)
    transport = HttpTransport(vendors.credentials(signer, stored), longest_read_seconds=longest_read_seconds)
    calls = Calls(providers=providers, catalog=providers, transport=transport, images=images)
    accept = Accept(
        projects=DynamoProjectStore(client=jobs.client, table=jobs.table),
        catalog=providers,
        moderate_prompt=moderate_prompt(),
        calls=calls,
        jobs=jobs,
        clock=now,
        new_id=new_id,
    )
    generate = _generate(accept, calls, images, providers.trusted_origins())
    return Generations(jobs=jobs, images=images, providers=providers, generate=generate)


def _generate(accept: Accept, calls: Calls, images: S3ImageStore, trusted_origins: frozenset[str]) -> Generate:
    advance = Advance(
        submit=Submit(calls=calls),
        observe=Observe(calls=calls),
        collect=Collect(images=images, calls=calls, fetch=GuardedFetch(trusted_origins=trusted_origins)),
        jobs=accept.jobs,
        clock=now,
    )
    conclude = Conclude(
        moderate_images=ModerateImages(moderators=()),
        publish=Publish(images=images, jobs=accept.jobs, clock=now, new_id=new_id),
        calls=calls,
        catalog=accept.catalog,
        images=images,
        jobs=accept.jobs,
        clock=now,
    )
    return Generate(accept=accept, advance=advance, conclude=conclude, jobs=accept.jobs, clock=now, sleep=time.sleep)
