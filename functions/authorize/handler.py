"""The API's authorizer: allows every path to a valid key, since paths that need a role check it themselves."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from imagegate import wiring
from imagegate.domain.errors import InvalidApiKeyError

authenticate = wiring.authenticate()
logger = Logger()

BEARER = "bearer "


class Unauthorized(Exception):  # noqa: N818 - API Gateway knows this outcome by its text alone
    """API Gateway answers 401 when an authorizer fails with exactly this message; a policy that denies would be 403."""


@logger.inject_lambda_context
def handler(event: dict[str, str], context: LambdaContext) -> dict[str, object]:
    """Answer one authorizer event with a policy, and with the project and key for the functions behind."""
    header = event.get("authorizationToken", "")
    if header[: len(BEARER)].lower() != BEARER:
        raise Unauthorized("Unauthorized")
    try:
        principal = authenticate(header[len(BEARER) :].strip())
    except InvalidApiKeyError as error:
        raise Unauthorized("Unauthorized") from error
    return {
        "principalId": principal.key_id,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": event["methodArn"]}],
        },
        "context": {
            "project_id": principal.project_id,
            "key_id": principal.key_id,
            "role": principal.role.value,
        },
    }
