"""What a caller asks for, after the JSON was read and before a model was chosen."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from enum import StrEnum

from imagegate.domain.filters import Filters

# What `json.loads` can give. A recursive alias for pydantic needs Python 3.12; `object` makes readers narrow it.
JsonValue = object

MAX_PROMPT_CHARACTERS = 32_000
MAX_COUNT = 10
MAX_SEED = 2**32 - 1
# What a request without a model asks for: what its project prefers.
DEFAULT_MODEL = "default"
MAX_MODELS = 10

_RATIO = re.compile(r"([1-9][0-9]?):([1-9][0-9]?)")
_SIZE = re.compile(r"([1-9][0-9]{0,4})x([1-9][0-9]{0,4})")


class Operation(StrEnum):
    """What is done to make the picture."""

    GENERATE = "generate"
    EDIT = "edit"
    UPSCALE = "upscale"
    REMOVE_BACKGROUND = "remove_background"
    VARIATION = "variation"


class Quality(StrEnum):
    """How much effort to spend; `auto` leaves it to the model card's default."""

    AUTO = "auto"
    LOW = "low"
    MEDIUM = "medium"
    HIGH = "high"
    XHIGH = "xhigh"
    MAX = "max"


class Background(StrEnum):
    """Whether the picture has an alpha channel."""

    AUTO = "auto"
    OPAQUE = "opaque"
    TRANSPARENT = "transparent"


class OutputFormat(StrEnum):
    """The file format of the answer."""

    PNG = "png"
    JPEG = "jpeg"
    WEBP = "webp"

    @property
    def media_type(self) -> str:
        """The MIME type of the format."""
        return f"image/{self.value}"


@dataclass(frozen=True, slots=True, order=True)
class Size:
    """Width and height in pixels."""

    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> "Size | None":
        """Read `WIDTHxHEIGHT`; anything else is None."""
        match = _SIZE.fullmatch(text)
        return cls(int(match[1]), int(match[2])) if match else None

    @property
    def pixels(self) -> int:
        """The number of pixels in one picture."""
        return self.width * self.height

    @property
    def aspect_ratio(self) -> float:
        """Longer side over shorter side, so never below one."""
        return max(self.width, self.height) / min(self.width, self.height)

    def __str__(self) -> str:
        return f"{self.width}x{self.height}"


def parse_aspect_ratio(text: str) -> float | None:
    """Read `W:H` as width over height; anything else is None."""
    match = _RATIO.fullmatch(text)
    return int(match[1]) / int(match[2]) if match else None


@dataclass(frozen=True, slots=True, kw_only=True)
class InputImage:
    """A picture the caller sent, already checked and stored under `key` in the images bucket."""

    key: str
    media_type: str
    width: int
    height: int
    sha256: str


@dataclass(frozen=True, slots=True, kw_only=True)
class GenerationRequest:
    """A request as the caller meant it; `None` means that the caller left the choice to us.

    `model` holds one name or, separated by commas, several in the order in which they are to be tried.
    """

    model: str
    prompt: str
    operation: Operation = Operation.GENERATE
    negative_prompt: str | None = None
    count: int = 1
    size: Size | None = None
    quality: Quality = Quality.AUTO
    background: Background = Background.AUTO
    output_format: OutputFormat | None = None
    output_compression: int | None = None
    seed: int | None = None
    aspect_ratio: str | None = None
    steps: int | None = None
    guidance: float | None = None
    strength: float | None = None
    input_images: tuple[InputImage, ...] = ()
    mask: InputImage | None = None
    end_user: str | None = None
    provider_options: Mapping[str, Mapping[str, JsonValue]] = field(default_factory=dict)
    filters: Filters = field(default_factory=Filters)
    # Whether another target is tried where the first one fails.
    has_fallback: bool = True


def split_models(model: str) -> tuple[str, ...]:
    """Return the names in a `model`, each once."""
    return tuple(dict.fromkeys(name for part in model.split(",") if (name := part.strip())))


def fingerprint(request: GenerationRequest) -> str:
    """Return a digest that two requests share only when every field is the same."""
    # An amount of money is told as its text.
    canonical = json.dumps(asdict(request), sort_keys=True, separators=(",", ":"), default=str)
    return hashlib.sha256(canonical.encode()).hexdigest()
