"""What AWS refuses is told as what an operator can do."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError, NoCredentialsError, NoRegionError

from imagegate.aws.failures import explained
from imagegate.domain.errors import ConfigurationError


def _refusal(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "no"}}, "GetItem")


@pytest.mark.parametrize(
    ("failure", "advice"),
    [
        (NoCredentialsError(), "AWS_PROFILE"),
        (NoRegionError(), "AWS_DEFAULT_REGION"),
        (_refusal("ResourceNotFoundException"), "Deploy first"),
        (_refusal("AccessDeniedException"), "Sign in as an operator"),
        (_refusal("UnrecognizedClientException"), "Sign in again"),
        (_refusal("ExpiredTokenException"), "Sign in again"),
        (_refusal("TeapotException"), "AWS answered TeapotException"),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:1"), "cannot be reached"),
    ],
)
def test_a_failure_of_aws_ends_in_advice(failure: Exception, advice: str) -> None:
    with pytest.raises(ConfigurationError, match=advice) as explained_failure, explained():
        raise failure

    assert explained_failure.value.__cause__ is failure


def test_other_failures_are_left_as_they_are() -> None:
    with pytest.raises(KeyError), explained():
        raise KeyError
