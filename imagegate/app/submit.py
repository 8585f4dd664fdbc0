"""Submit: send an attempt whose intent is already written, once, and read the answer."""

from dataclasses import dataclass

from imagegate.app.calls import Calls
from imagegate.app.ports import AnswerLostError, NotSentError
from imagegate.domain.errors import (
    CallerError,
    ConfigurationError,
    OutcomeUnknownError,
    ProviderCredentialsError,
    ProviderError,
    ProviderUnavailableError,
)
from imagegate.domain.job import Attempt, Job
from imagegate.domain.provider import Failed, Submission


@dataclass(frozen=True, slots=True, kw_only=True)
class Submit:
    """Never sends twice: an answer that was lost is reported as unknown, not asked for again."""

    calls: Calls

    def __call__(self, job: Job, attempt: Attempt) -> Submission:
        """Return what the provider made of one attempt."""
        provider = attempt.target.provider
        call = self.calls.to_submit(job, attempt)
        adapter = self.calls.adapter(attempt.target)
        try:
            response = self.calls.send(attempt.target, adapter.submit(call))
        except NotSentError as error:
            message = f"{provider} could not be reached; nothing was sent or charged. Repeat the request later."
            return Failed(error=ProviderUnavailableError(message), metadata={"transport": str(error)})
        except AnswerLostError as error:
            message = (
                f"{provider} was sent the request and its answer was lost. It may have been charged, so it was not "
                "sent again; repeat it under a new Idempotency-Key if you accept that."
            )
            return Failed(error=OutcomeUnknownError(message), metadata={"transport": str(error)})
        except ConfigurationError as error:
            # Nothing was sent, so nothing is charged; the message says what an operator must do.
            return Failed(error=ProviderCredentialsError(str(error)))
        except (CallerError, ProviderError) as error:
            return Failed(error=error)
        return adapter.read_submitted(call, response)
