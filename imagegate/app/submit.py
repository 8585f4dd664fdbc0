"""Submit: send an attempt whose intent is already written, once, and read the answer."""

from dataclasses import dataclass

from imagegate.app.ports import AnswerLostError, Catalog, NotSentError, Providers, Transport
from imagegate.domain.errors import OutcomeUnknownError, ProviderUnavailableError
from imagegate.domain.fit import fit
from imagegate.domain.job import Job
from imagegate.domain.provider import Failed, Provider, ProviderCall, Submission
from imagegate.domain.request import GenerationRequest
from imagegate.domain.route import Target
from imagegate.domain.wire import HttpRequest


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """Never sends twice: an answer that was lost is reported as unknown, not asked for again."""

    providers: Providers
    catalog: Catalog
    transport: Transport

    def describe(self, request: GenerationRequest, target: Target) -> HttpRequest:
        """Return what would be sent; as nothing is, this is also the check that the target can express the request.

        Raises:
            CallerError: the target cannot, or an option of its own is wrong.
        """
        adapter, call = self._call(request, target)
        return adapter.submit(call)

    def __call__(self, job: Job) -> Submission:
        """Return what the provider made of the job's latest attempt."""
        target = job.attempt.target
        adapter, call = self._call(job.request, target)
        try:
            response = self.transport.send(adapter.submit(call))
        except NotSentError as error:
            message = f"{target.provider} could not be reached; nothing was sent or charged. Repeat the request later."
            return Failed(error=ProviderUnavailableError(message), metadata={"transport": str(error)})
        except AnswerLostError as error:
            message = (
                f"{target.provider} was sent the request and its answer was lost. It may have been charged, so it was "
                "not sent again; repeat it under a new Idempotency-Key if you accept that."
            )
            return Failed(error=OutcomeUnknownError(message), metadata={"transport": str(error)})
        return adapter.read_submitted(call, response)

    def _call(self, request: GenerationRequest, target: Target) -> tuple[Provider, ProviderCall]:
        card = self.catalog.card(target.model)
        fitted = fit(request, card).request
        base_url = self.providers.base_url(target.provider)
        return self.providers.adapter(target.provider), ProviderCall(request=fitted, card=card, base_url=base_url)
