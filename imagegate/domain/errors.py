"""Every error a caller can meet, in one tree; a leaf fixes the code, the HTTP status and whether a repeat may help.

ImagegateError
├── CallerError                      the request is at fault; nothing was charged
│   ├── InvalidRequestError          400
│   │   ├── InvalidJsonError         invalid_json
│   │   ├── UnknownParameterError    unknown_parameter
│   │   ├── MissingParameterError    missing_required_parameter
│   │   ├── InvalidTypeError         invalid_type
│   │   ├── InvalidValueError        invalid_value
│   │   ├── InvalidSizeError         invalid_size
│   │   ├── InvalidCountError        invalid_count
│   │   ├── EmptyPromptError         empty_prompt
│   │   ├── PromptTooLongError       prompt_too_long
│   │   ├── UnsupportedFeatureError  unsupported_feature
│   │   ├── NoTargetError            no_target
│   │   └── ContentRejectedError     moderation_blocked
│   ├── InvalidApiKeyError           401 invalid_api_key
│   ├── PermissionDeniedError        403 permission_denied
│   ├── ModelNotAllowedError         403 model_not_allowed
│   ├── ModelNotFoundError           404 model_not_found
│   ├── ModelRetiredError            404 model_retired
│   ├── ProviderNotConfiguredError   404 provider_not_configured
│   ├── GenerationNotFoundError      404 generation_not_found
│   ├── WebhookEndpointNotFoundError 404 webhook_endpoint_not_found
│   ├── DeliveryNotFoundError        404 delivery_not_found
│   ├── FileNotFoundInProjectError   404 file_not_found
│   ├── BatchNotFoundError           404 batch_not_found
│   ├── UnknownUrlError              404 unknown_url
│   ├── MethodNotAllowedError        405 method_not_allowed
│   ├── IdempotencyKeyReusedError    409 idempotency_key_reused
│   ├── GenerationOverError          409 generation_over
│   ├── GenerationNotOverError       409 generation_not_over
│   ├── GenerationCanceledError      409 generation_canceled
│   ├── TooManyEndpointsError        409 too_many_webhook_endpoints
│   ├── ConflictError                409 conflict
│   ├── BodyTooLargeError            413 request_too_large
│   └── BudgetExceededError          429 budget_exceeded
├── ProviderError                    the provider is at fault
│   ├── ProviderFailedError          502 provider_failed
│   ├── ProviderCredentialsError     502 provider_credentials: an operator must mend them
│   ├── ProviderQuotaError           502 provider_quota: our account there is used up
│   ├── OutcomeUnknownError          502 outcome_unknown
│   ├── ProviderUnavailableError     503 provider_unavailable, repeat later
│   │   └── ProviderThrottledError   503 provider_throttled, repeat later
│   └── ProviderTimeoutError         504 provider_timeout
├── WebhookVerificationError         400 webhook_not_verified, says no more than that
└── InternalError                    500 internal_error: we are at fault

ConfigurationError stands outside, so that nothing that retries or renders gateway errors can swallow it.
"""

from typing import ClassVar


class ImagegateError(Exception):
    """A failure with a stable code; `message` tells the reader what to do next."""

    code: ClassVar[str] = "internal_error"
    http_status: ClassVar[int] = 500
    type: ClassVar[str] = "server_error"
    retryable: ClassVar[bool] = False

    def __init__(
        self,
        message: str,
        *,
        param: str | None = None,
        generation_id: str | None = None,
        retry_after_seconds: int | None = None,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.param = param
        self.generation_id = generation_id
        self.retry_after_seconds = retry_after_seconds


class CallerError(ImagegateError):
    """The request must change before it can succeed."""

    http_status = 400
    type = "invalid_request_error"


class InvalidRequestError(CallerError):
    """The request is not acceptable as it stands."""

    code = "invalid_request"


class InvalidJsonError(InvalidRequestError):
    """The body is not a JSON object."""

    code = "invalid_json"


class UnknownParameterError(InvalidRequestError):
    """A field that no version of this API knows."""

    code = "unknown_parameter"


class MissingParameterError(InvalidRequestError):
    """A required field is absent."""

    code = "missing_required_parameter"


class InvalidTypeError(InvalidRequestError):
    """A field has the wrong JSON type."""

    code = "invalid_type"


class InvalidValueError(InvalidRequestError):
    """A field has the right type and a value outside its range."""

    code = "invalid_value"


class InvalidSizeError(InvalidRequestError):
    """The model cannot make a picture of this size."""

    code = "invalid_size"


class InvalidCountError(InvalidRequestError):
    """The model cannot make this many images in one request."""

    code = "invalid_count"


class EmptyPromptError(InvalidRequestError):
    """There is nothing to draw."""

    code = "empty_prompt"


class PromptTooLongError(InvalidRequestError):
    """The prompt is longer than the gateway or the model takes."""

    code = "prompt_too_long"


class UnsupportedFeatureError(InvalidRequestError):
    """The model cannot express a wish that would change the picture."""

    code = "unsupported_feature"


class NoTargetError(InvalidRequestError):
    """No model can do this within what the request's own `route` allows."""

    code = "no_target"


class ContentRejectedError(InvalidRequestError):
    """A moderation layer or the provider refused the content; never sent on to another provider."""

    code = "moderation_blocked"


class InvalidApiKeyError(CallerError):
    """The key is missing, unknown or revoked; which of the three is not told."""

    code = "invalid_api_key"
    http_status = 401
    type = "authentication_error"


class PermissionDeniedError(CallerError):
    """The key is good, but its role does not allow this."""

    code = "permission_denied"
    http_status = 403
    type = "permission_error"


class ModelNotAllowedError(CallerError):
    """The model could do this, and the project's policy does not allow it."""

    code = "model_not_allowed"
    http_status = 403
    type = "permission_error"


class ModelNotFoundError(CallerError):
    """No configured provider offers this model."""

    code = "model_not_found"
    http_status = 404


class ModelRetiredError(CallerError):
    """The provider has shut the model down; the message names its replacement."""

    code = "model_retired"
    http_status = 404


class ProviderNotConfiguredError(CallerError):
    """The model exists, but this deployment has no credentials for its provider."""

    code = "provider_not_configured"
    http_status = 404


class GenerationNotFoundError(CallerError):
    """There is no such generation in the caller's project."""

    code = "generation_not_found"
    http_status = 404


class WebhookEndpointNotFoundError(CallerError):
    """There is no such webhook endpoint in the caller's project."""

    code = "webhook_endpoint_not_found"
    http_status = 404


class DeliveryNotFoundError(CallerError):
    """The endpoint has no delivery of this event."""

    code = "delivery_not_found"
    http_status = 404


class FileNotFoundInProjectError(CallerError):
    """There is no such file in the caller's project."""

    code = "file_not_found"
    http_status = 404


class BatchNotFoundError(CallerError):
    """There is no such batch in the caller's project."""

    code = "batch_not_found"
    http_status = 404


class UnknownUrlError(CallerError):
    """The path is not part of the API."""

    code = "unknown_url"
    http_status = 404


class MethodNotAllowedError(CallerError):
    """The path exists, the method does not."""

    code = "method_not_allowed"
    http_status = 405


class IdempotencyKeyReusedError(CallerError):
    """The same Idempotency-Key came with another body."""

    code = "idempotency_key_reused"
    http_status = 409


class GenerationOverError(CallerError):
    """The generation has ended, so there is nothing to cancel."""

    code = "generation_over"
    http_status = 409


class GenerationNotOverError(CallerError):
    """The generation has not ended, so it cannot be deleted."""

    code = "generation_not_over"
    http_status = 409


class GenerationCanceledError(CallerError):
    """Somebody in the same project has canceled the generation before it had its pictures."""

    code = "generation_canceled"
    http_status = 409


class TooManyEndpointsError(CallerError):
    """The project has as many webhook endpoints as it may."""

    code = "too_many_webhook_endpoints"
    http_status = 409


class ConflictError(CallerError):
    """Two requests changed the same thing in the same moment."""

    code = "conflict"
    http_status = 409


class BodyTooLargeError(CallerError):
    """The body is over the gateway's limit."""

    code = "request_too_large"
    http_status = 413


class BudgetExceededError(CallerError):
    """The project's budget does not cover the estimate."""

    code = "budget_exceeded"
    http_status = 429
    type = "insufficient_quota"


class ProviderError(ImagegateError):
    """The provider failed; the attempt says what it may have cost."""

    http_status = 502
    type = "provider_error"


class ProviderFailedError(ProviderError):
    """The provider answered with a failure, or with a success that holds no usable image."""

    code = "provider_failed"


class ProviderCredentialsError(ProviderError):
    """The provider does not accept our credentials; only an operator can mend that."""

    code = "provider_credentials"


class ProviderQuotaError(ProviderError):
    """Our account with the provider is out of money or quota; repeating does not help."""

    code = "provider_quota"


class OutcomeUnknownError(ProviderError):
    """The request was sent and no answer came: it may have been charged, so it is not sent again."""

    code = "outcome_unknown"


class ProviderUnavailableError(ProviderError):
    """The provider could not be reached or is shedding load; nothing was made."""

    code = "provider_unavailable"
    http_status = 503
    retryable = True


class ProviderThrottledError(ProviderUnavailableError):
    """The provider takes no more requests just now; nothing was made or charged."""

    code = "provider_throttled"


class ProviderTimeoutError(ProviderError):
    """The provider said that it gave up waiting for its own model."""

    code = "provider_timeout"
    http_status = 504


class WebhookVerificationError(ImagegateError):
    """A callback that did not prove its origin."""

    code = "webhook_not_verified"
    http_status = 400
    type = "invalid_request_error"


class InternalError(ImagegateError):
    """A fault of ours, perhaps after the provider was paid: whoever repeats it decides that, not an SDK by itself."""


class ConfigurationError(Exception):
    """The deployment is incomplete; the message names the setting and how to set it."""
