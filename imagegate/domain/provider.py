"""The provider port: an adapter describes requests and reads answers; it never opens a socket, sleeps or waits."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from imagegate.domain.card import ModelCard
from imagegate.domain.errors import ProviderError
from imagegate.domain.image import InlineImage
from imagegate.domain.money import Usage
from imagegate.domain.request import GenerationRequest, JsonValue
from imagegate.domain.warning import RequestWarning
from imagegate.domain.wire import HttpRequest, HttpResponse


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """Everything an adapter may know: the fitted request, the card, and the configured address."""

    request: GenerationRequest
    card: ModelCard
    base_url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The provider made the images; `usage` is what it says it billed, None where it says nothing."""

    images: tuple[InlineImage, ...]
    model_version: str
    warnings: tuple[RequestWarning, ...] = ()
    usage: Usage | None = None
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider's own moderation said no; `codes` are our categories."""

    codes: tuple[str, ...]
    message: str
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The provider made nothing, and this is the error to tell."""

    error: ProviderError
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)


Submission = Completed | Refused | Failed


class Provider(Protocol):
    """One company or service that makes images."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the request that asks for the images."""
        ...

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the answer to `submit`."""
        ...
