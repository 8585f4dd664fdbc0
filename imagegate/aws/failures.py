"""What the AWS SDK raises, told as what an operator can do about it; nobody above this package knows its errors."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, NoRegionError

from imagegate.domain.errors import ConfigurationError

_NO_CREDENTIALS = "There are no AWS credentials. Set AWS_PROFILE, or sign in with the AWS command line."
_NO_REGION = "No AWS region is set. Set AWS_DEFAULT_REGION to the one the gateway is deployed in."
# https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Programming.Errors.html (checked 2026-11-22)
_ADVICE = {
    "ResourceNotFoundException": "It does not exist in this account and region. Deploy first, or correct the name.",
    "AccessDeniedException": "These credentials may not use it. Sign in as an operator of the gateway.",
    "UnrecognizedClientException": "AWS does not know these credentials. Sign in again.",
    "ExpiredTokenException": "The AWS session has expired. Sign in again.",
}


@contextmanager
def explained() -> Iterator[None]:
    """Turn a failure of AWS, or of reaching it, into a `ConfigurationError`."""
    try:
        yield
    except NoCredentialsError as error:
        raise ConfigurationError(_NO_CREDENTIALS) from error
    except NoRegionError as error:
        raise ConfigurationError(_NO_REGION) from error
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "Unknown")
        raise ConfigurationError(_ADVICE.get(code, f"AWS answered {code}: {error}")) from error
    except BotoCoreError as error:
        raise ConfigurationError(f"AWS cannot be reached: {error}") from error
