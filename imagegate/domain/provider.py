"""The provider port: an adapter describes requests and reads answers; it never opens a socket, sleeps or waits.

`submit` and `read_submitted` are all that a provider who answers at once needs. One who answers later also has `poll`
and `read_polled`, which may run in another process on another day: only the `ref` they were given connects them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from imagegate.domain.callback import Proof
from imagegate.domain.card import ModelCard
from imagegate.domain.decision import Stage
from imagegate.domain.errors import CallerError, ProviderError
from imagegate.domain.image import InlineImage, RemoteImage
from imagegate.domain.money import Usage
from imagegate.domain.request import GenerationRequest, JsonValue
from imagegate.domain.warning import RequestWarning
from imagegate.domain.wire import HttpRequest, HttpResponse

ProviderRef = Mapping[str, str]
"""What a provider gave us to find its work again: ids and addresses, JSON-safe, opaque to everybody but its adapter."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InputPicture:
    """The bytes of an input image or mask, and an address from which the provider can read it for some minutes."""

    data: bytes
    media_type: str
    width: int
    height: int
    url: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ProviderCall:
    """Everything an adapter may know: one call's share of the fitted request, the card, and the configuration.

    `request.count` is the number of images of this call. `settings` are the provider's own, such as a region. `nonce`
    differs from call to call and stays the same when one is described again, so that a seed can be drawn from it.
    `inputs` and `mask` are there to submit; a poll is not given them, as the provider has had them.
    """

    request: GenerationRequest
    card: ModelCard
    base_url: str
    settings: Mapping[str, str] = field(default_factory=dict)
    inputs: tuple[InputPicture, ...] = ()
    mask: InputPicture | None = None
    end_user: str | None = None
    nonce: str = ""
    # Where the provider is to send its callback; None to be asked about it only.
    callback_url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """The provider made the images; `usage` is what it says it billed, None where it says nothing.

    Fewer images than asked for is a partial success; `withheld` counts those that its moderation kept back.
    """

    images: tuple[InlineImage | RemoteImage, ...]
    model_version: str | None = None
    withheld: int = 0
    warnings: tuple[RequestWarning, ...] = ()
    usage: Usage | None = None
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pending:
    """The provider works on it; an unknown status is pending too, up to the deadline of the job."""

    ref: ProviderRef
    poll_after_seconds: float = 1.0
    usage: Usage | None = None
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """The provider's own moderation said no, to the prompt, to an input image or to the picture it made.

    `codes` are our categories, `other` where it does not say. `usage` is set where a refusal is billed.
    """

    message: str
    stage: Stage = Stage.PROVIDER
    codes: tuple[str, ...] = ("other",)
    usage: Usage | None = None
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Failed:
    """The provider made nothing, and this is the error to tell; a `CallerError` where it found the request at fault."""

    error: ProviderError | CallerError
    metadata: Mapping[str, JsonValue] = field(default_factory=dict)


Submission = Completed | Pending | Refused | Failed


class Provider(Protocol):
    """One company or service that makes images."""

    def submit(self, call: ProviderCall) -> HttpRequest:
        """Describe the request that asks for the images.

        Raises:
            CallerError: the request, or an option in `provider_options`, cannot be expressed.
        """
        ...

    def read_submitted(self, call: ProviderCall, response: HttpResponse) -> Submission:
        """Read the answer to `submit`."""
        ...


@runtime_checkable
class Pollable(Provider, Protocol):
    """A provider that answers later and can be asked how far it is."""

    def poll(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the request that asks how far the work is, or for its result."""
        ...

    def read_polled(self, call: ProviderCall, ref: ProviderRef, response: HttpResponse) -> Submission:
        """Read the answer to `poll`; `Pending` may carry another ref, where status and result have two addresses."""
        ...


@runtime_checkable
class CallsBack(Provider, Protocol):
    """A provider that tells by itself how its work goes, where `ProviderCall.callback_url` asks it to."""

    def proof(self, base_url: str) -> Proof:
        """Return how its callbacks prove where they came from."""
        ...

    def find_ref(self, call: ProviderCall, body: bytes) -> ProviderRef | None:
        """Read which work a checked callback is about, for an attempt that never learned it; None if it is not told."""
        ...

    def read_callback(self, call: ProviderCall, ref: ProviderRef, body: bytes) -> Submission:
        """Read the body of a checked callback like an answer to `poll`.

        `Pending` where it says nothing final, or is about other work than the ref's: the provider is asked then.
        """
        ...


@runtime_checkable
class Findable(Provider, Protocol):
    """A provider that lists its recent work, so that what a lost answer was about can be found again."""

    def find(self, call: ProviderCall, since: datetime) -> HttpRequest | None:
        """Describe the request for the work begun about then; None where this call's could not be told from others'."""
        ...

    def read_found(self, call: ProviderCall, response: HttpResponse) -> Submission | None:
        """Read how the call's work stands; None where it is not in the answer, which proves no loss."""
        ...


@runtime_checkable
class Cancelable(Provider, Protocol):
    """A provider whose work can be stopped."""

    def cancel(self, call: ProviderCall, ref: ProviderRef) -> HttpRequest:
        """Describe the request that stops the work."""
        ...

    def read_canceled(self, response: HttpResponse) -> bool:
        """Tell whether the work stops; False where it was over or goes on, so that its end is still to be asked for."""
        ...
