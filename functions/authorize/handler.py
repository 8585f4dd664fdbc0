"""The API's authorizer: allows every path to a valid key, since paths that need a role check it themselves."""

from aws_lambda_powertools import Logger
from aws_lambda_powertools.utilities.typing import LambdaContext

from imagegate.domain.errors import InvalidApiKeyError
from imagegate.wiring import authorize as wiring

authenticate = wiring.authenticate()
logger = Logger()

BEARER = "bearer "

Policy = dict[str, object]


@logger.inject_lambda_context
def handler(event: dict[str, str], context: LambdaContext) -> Policy:
    """Answer one authorizer event with a policy, and with the project and key for the functions behind.

    A refusal is a policy too, which API Gateway tells as 401. Failing with "Unauthorized" would say the same, but each
    wrong key of a stranger would count as an error of this function.
    """
    header = event.get("authorizationToken", "")
    if header[: len(BEARER)].lower() != BEARER:
        return _policy("Deny", event, "anonymous")
    try:
        principal = authenticate(header[len(BEARER) :].strip())
    except InvalidApiKeyError:
        return _policy("Deny", event, "anonymous")
    project = {"project_id": principal.project_id, "key_id": principal.key_id, "role": principal.role.value}
    return {**_policy("Allow", event, principal.key_id), "context": project}


def _policy(effect: str, event: dict[str, str], principal_id: str) -> Policy:
    statement = {"Action": "execute-api:Invoke", "Effect": effect, "Resource": event["methodArn"]}
    return {"principalId": principal_id, "policyDocument": {"Version": "2012-10-17", "Statement": [statement]}}
