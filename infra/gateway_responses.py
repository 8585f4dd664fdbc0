"""How API Gateway itself says no, in OpenAI's envelope; our functions answer everything else.

Messages are fixed text: what API Gateway would put in its place is neither helpful nor always valid JSON.
"""

import json
from dataclasses import dataclass, field
from typing import Final

from aws_cdk import aws_apigateway as apigateway

INVALID_REQUEST: Final = "invalid_request_error"
AUTHENTICATION: Final = "authentication_error"
PERMISSION: Final = "permission_error"
RATE_LIMIT: Final = "rate_limit_error"
SERVER: Final = "server_error"

SEND_A_KEY: Final = "The API key is missing or not valid. Send it in the header `Authorization: Bearer <key>`."
UNKNOWN_URL: Final = "There is nothing at this URL. Paths begin with /v1, for example /v1/images/generations."
SLOW_DOWN: Final = "Too many requests at once. Wait a moment, then send this request again."
OUR_FAULT: Final = "The gateway failed. Send the request again later; if it keeps failing, report the request_id."


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """One answer; without a `status` each kind of error keeps API Gateway's own."""

    status: int | None
    type: str
    code: str
    message: str
    headers: dict[str, str] = field(default_factory=dict)


def _server(status: int | None, code: str = "internal_error", message: str = OUR_FAULT) -> Refusal:
    return Refusal(status=status, type=SERVER, code=code, message=message)


def _invalid(status: int | None, code: str, message: str) -> Refusal:
    return Refusal(status=status, type=INVALID_REQUEST, code=code, message=message)


_UNAUTHORIZED = Refusal(status=401, type=AUTHENTICATION, code="invalid_api_key", message=SEND_A_KEY)
_TOO_MANY = Refusal(
    status=429, type=RATE_LIMIT, code="rate_limit_exceeded", message=SLOW_DOWN, headers={"retry-after": "'1'"}
)
_FORBIDDEN = Refusal(
    status=403, type=PERMISSION, code="permission_denied", message="This API key may not do that. Use another key."
)
_UNKNOWN_URL = _invalid(404, "unknown_url", UNKNOWN_URL)

REFUSALS: Final[dict[apigateway.ResponseType, Refusal]] = {
    apigateway.ResponseType.UNAUTHORIZED: _UNAUTHORIZED,
    # What our authorizer denies: a key that is unknown or revoked. What a key may do is for the functions to say.
    apigateway.ResponseType.ACCESS_DENIED: _UNAUTHORIZED,
    apigateway.ResponseType.WAF_FILTERED: _FORBIDDEN,
    # API Gateway's name for a path or verb that no resource serves.
    apigateway.ResponseType.MISSING_AUTHENTICATION_TOKEN: _UNKNOWN_URL,
    apigateway.ResponseType.RESOURCE_NOT_FOUND: _UNKNOWN_URL,
    apigateway.ResponseType.BAD_REQUEST_BODY: _invalid(400, "invalid_request", "The body cannot be read; send JSON."),
    apigateway.ResponseType.BAD_REQUEST_PARAMETERS: _invalid(
        400, "invalid_request", "A path or query parameter is missing or malformed."
    ),
    apigateway.ResponseType.REQUEST_TOO_LARGE: _invalid(
        413, "request_too_large", "The request is larger than 10 MB. Send smaller or fewer images."
    ),
    apigateway.ResponseType.UNSUPPORTED_MEDIA_TYPE: _invalid(
        415, "unsupported_media_type", "Send the body as application/json."
    ),
    apigateway.ResponseType.THROTTLED: _TOO_MANY,
    apigateway.ResponseType.QUOTA_EXCEEDED: _TOO_MANY,
    apigateway.ResponseType.INTEGRATION_TIMEOUT: _server(
        504, "gateway_timeout", "The image took too long. Ask for it again with the header `Prefer: respond-async`."
    ),
    apigateway.ResponseType.INTEGRATION_FAILURE: _server(502),
    apigateway.ResponseType.AUTHORIZER_FAILURE: _server(500),
    apigateway.ResponseType.AUTHORIZER_CONFIGURATION_ERROR: _server(500),
    apigateway.ResponseType.API_CONFIGURATION_ERROR: _server(500),
    apigateway.ResponseType.DEFAULT_4_XX: _invalid(
        None, "invalid_request", "API Gateway refused the request. Check the URL and the headers."
    ),
    apigateway.ResponseType.DEFAULT_5_XX: _server(None),
}


def add_refusals(api: apigateway.RestApi) -> None:
    """Give the API our answer for every kind of error it can meet."""
    for response_type, refusal in REFUSALS.items():
        api.add_gateway_response(
            response_type.response_type.title().replace("_", ""),
            type=response_type,
            status_code=str(refusal.status) if refusal.status else None,
            response_headers={"x-request-id": "context.requestId", **refusal.headers},
            templates={"application/json": _envelope(refusal)},
        )


def _envelope(refusal: Refusal) -> str:
    error = {"message": refusal.message, "type": refusal.type, "param": None, "code": refusal.code}
    return json.dumps({"error": error, "request_id": "$context.requestId"})
