"""Calls: put together what an adapter may know of one attempt, and send what it describes only where it may go."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from imagegate.app.ports import Catalog, ImageStore, Providers, Transport
from imagegate.domain.card import ModelCard
from imagegate.domain.errors import ProviderFailedError
from imagegate.domain.fit import fit
from imagegate.domain.job import Attempt, Job
from imagegate.domain.origin import may_carry_credentials
from imagegate.domain.provider import InputPicture, Provider, ProviderCall
from imagegate.domain.request import MAX_SEED, GenerationRequest, InputImage
from imagegate.domain.route import Target
from imagegate.domain.wire import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The way from a job's attempt to its provider."""

    providers: Providers
    catalog: Catalog
    transport: Transport
    images: ImageStore

    def check(self, request: GenerationRequest, target: Target) -> None:
        """Describe a request without sending it, which is the check that the target can express it.

        Raises:
            CallerError: it cannot, or an option of its own is wrong.
        """
        card = self.catalog.card(target.model)
        inputs = [self._read(image) for image in request.input_images]
        mask = self._read(request.mask) if request.mask else None
        call = self._call(replace(request, count=min(request.count, card.images_per_call)), card, inputs, mask)
        self.adapter(target).submit(call)

    def of_attempt(self, job: Job, attempt: Attempt) -> ProviderCall:
        """Return one attempt's share of the job, with its input images read."""
        request = replace(job.request, count=attempt.count, seed=_seed(job.request, attempt))
        inputs = [self._read(image) for image in request.input_images]
        mask = self._read(request.mask) if request.mask else None
        call = self._call(request, self.catalog.card(attempt.target.model), inputs, mask)
        return replace(call, nonce=f"{job.id}/{attempt.number}")

    def adapter(self, target: Target) -> Provider:
        """Load the target's adapter."""
        return self.providers.adapter(target.provider)

    def send(self, target: Target, request: HttpRequest) -> HttpResponse:
        """Send a request with the provider's credentials.

        An address may come from the provider's own answers, so a request without credentials is held to the same hosts.

        Raises:
            ProviderFailedError: the address lies where these credentials must not go.
            NotSentError, AnswerLostError: there is no complete answer.
        """
        card = self.catalog.provider(target.provider)
        base_url = self.providers.base_url(target.provider)
        if not may_carry_credentials(request.url, base_url, card.credential_hosts):
            message = f"{target.provider} gave an address outside its own hosts; nothing was sent there."
            raise ProviderFailedError(message)
        return self.transport.send(request, target.provider)

    def _call(
        self,
        request: GenerationRequest,
        card: ModelCard,
        inputs: Sequence[InputPicture],
        mask: InputPicture | None,
    ) -> ProviderCall:
        return ProviderCall(
            request=fit(request, card).request,
            card=card,
            base_url=self.providers.base_url(card.provider),
            settings=self.providers.settings(card.provider),
            inputs=tuple(inputs),
            mask=mask,
            end_user=request.end_user,
        )

    def _read(self, image: InputImage) -> InputPicture:
        return InputPicture(
            data=self.images.read(image.key),
            media_type=image.media_type,
            width=image.width,
            height=image.height,
            url=self.images.url(image.key),
        )


def _seed(request: GenerationRequest, attempt: Attempt) -> int | None:
    # Each call of a fan-out needs a seed of its own, or all would draw the same picture.
    return None if request.seed is None else (request.seed + attempt.first) % (MAX_SEED + 1)
