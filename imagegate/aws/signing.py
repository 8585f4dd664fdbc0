"""Sign requests to AWS-hosted providers with the function's own role."""

from collections.abc import Mapping
from dataclasses import dataclass

from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.session import Session

from imagegate.domain.errors import ConfigurationError
from imagegate.domain.wire import HttpRequest, SigV4


@dataclass(frozen=True, slots=True, kw_only=True)
class AwsSigner:
    """Adds Signature Version 4 headers; the credentials refresh themselves inside the session."""

    session: Session
    endpoint_url: str | None = None

    def __call__(self, request: HttpRequest, auth: SigV4) -> Mapping[str, str]:
        """Return the headers to send in place of the request's own."""
        credentials = self.session.get_credentials()
        if credentials is None:
            message = (
                "There are no AWS credentials. Run inside AWS, or set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY."
            )
            raise ConfigurationError(message)
        signed = AWSRequest(method=request.method, url=request.url, data=request.body, headers=dict(request.headers))
        SigV4Auth(credentials, auth.service, auth.region or self._region()).add_auth(signed)
        return dict(signed.headers.items())

    def lambda_invoke_url(self, function: str) -> str:
        """Return the address that invokes a function and waits for its answer, on AWS or on an emulator."""
        endpoint = self.endpoint_url or f"https://lambda.{self._region()}.amazonaws.com"
        return f"{endpoint.rstrip('/')}/2015-03-31/functions/{function}/invocations"

    def _region(self) -> str:
        region = self.session.get_config_variable("region")
        if not region:
            message = "No AWS region is set. Set AWS_DEFAULT_REGION."
            raise ConfigurationError(message)
        return str(region)
