"""Calls: put together what an adapter may know of one attempt, and send what it describes only where it may go."""

from dataclasses import dataclass, replace
from urllib.parse import urlencode

from imagegate.app.ports import Catalog, ImageStore, Providers, Transport
from imagegate.domain.callback import asks_for_callbacks
from imagegate.domain.errors import ProviderFailedError
from imagegate.domain.fit import fit
from imagegate.domain.job import Attempt, Job
from imagegate.domain.origin import may_carry_credentials
from imagegate.domain.provider import CallsBack, InputPicture, Provider, ProviderCall
from imagegate.domain.request import MAX_SEED, GenerationRequest, InputImage, Operation
from imagegate.domain.route import Target
from imagegate.domain.vendor_batch import may_travel
from imagegate.domain.wire import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class Calls:
    """The way from a job's attempt to its provider."""

    providers: Providers
    catalog: Catalog
    transport: Transport
    images: ImageStore
    # Where the gateway takes callbacks, as `https://host/v1/webhooks`; None where providers cannot reach it.
    callback_url: str | None = None

    def check(self, request: GenerationRequest, target: Target) -> None:
        """Describe a request without sending it, which is the check that the target can express it.

        Raises:
            CallerError: it cannot, or an option of its own is wrong.
        """
        share = min(request.count, self.catalog.card(target.model).images_per_call)
        self.adapter(target).submit(self._with_pictures(self._call(replace(request, count=share), target)))

    def to_submit(self, job: Job, attempt: Attempt) -> ProviderCall:
        """Return one attempt's share of the job, with its input images read."""
        return self._with_pictures(self.to_poll(job, attempt))

    def to_poll(self, job: Job, attempt: Attempt) -> ProviderCall:
        """Return one attempt's share of the job without its pictures, which the provider has by now."""
        request = replace(job.request, count=attempt.count, seed=_seed(job.request, attempt))
        call = replace(self._call(request, attempt.target), nonce=f"{job.id}/{attempt.number}")
        return replace(call, callback_url=self._callback_url(job, attempt))

    def _callback_url(self, job: Job, attempt: Attempt) -> str | None:
        if attempt.callback_token is None or self.callback_url is None:
            return None
        query = urlencode({"job": job.id, "attempt": attempt.number, "token": attempt.callback_token})
        return f"{self.callback_url}/{attempt.target.provider}?{query}"

    def adapter(self, target: Target) -> Provider:
        """Load the target's adapter."""
        return self.providers.adapter(target.provider)

    def asks_for_callback(self, target: Target) -> bool:
        """Tell whether the target's provider is asked to call when it is done."""
        adapter = self.adapter(target)
        if self.callback_url is None or not isinstance(adapter, CallsBack):
            return False
        settings = self.providers.settings(target.provider)
        return asks_for_callbacks(adapter.proof(self.providers.base_url(target.provider)), settings)

    def may_batch(self, target: Target, operation: Operation) -> bool:
        """Tell whether an operator lets lines of batches travel in the provider's own."""
        return may_travel(self.adapter(target), self.providers.settings(target.provider), operation)

    def send(self, target: Target, request: HttpRequest) -> HttpResponse:
        """Send a request with the provider's credentials.

        An address may come from the provider's own answers, so a request without credentials is held to the same hosts.

        Raises:
            ProviderFailedError: the address lies where these credentials must not go.
            NotSentError, AnswerLostError: there is no complete answer.
        """
        return self.send_to(target.provider, request)

    def send_to(self, provider_id: str, request: HttpRequest) -> HttpResponse:
        """Send a request that is about no single target, under the same rules."""
        self.check_address(provider_id, request)
        return self.transport.send(request, provider_id)

    def check_address(self, provider_id: str, request: HttpRequest) -> None:
        """Hold a request to the hosts to which the provider's credentials may go.

        Raises:
            ProviderFailedError: it leads elsewhere.
        """
        card = self.catalog.provider(provider_id)
        base_url = self.providers.base_url(provider_id)
        if not may_carry_credentials(request.url, base_url, card.credential_hosts):
            message = f"{provider_id} gave an address outside its own hosts; nothing was sent there."
            raise ProviderFailedError(message)

    def _call(self, request: GenerationRequest, target: Target) -> ProviderCall:
        card = self.catalog.card(target.model)
        return ProviderCall(
            request=fit(request, card).request,
            card=card,
            base_url=self.providers.base_url(target.provider),
            settings=self.providers.settings(target.provider),
            end_user=request.end_user,
        )

    def _with_pictures(self, call: ProviderCall) -> ProviderCall:
        mask = self._read(call.request.mask) if call.request.mask else None
        return replace(call, inputs=tuple(self._read(image) for image in call.request.input_images), mask=mask)

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
