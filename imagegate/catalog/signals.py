"""The providers that tell lifecycle or prices machine-readably: what to ask, and how to read what they say.

Ideogram prices one whole request at a time (`dry_run`), which is no list to compare with, so it is not here.
"""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Final
from urllib.parse import quote

from pydantic import BaseModel, Field

from imagegate.domain.card import ModelCard
from imagegate.domain.errors import ConfigurationError
from imagegate.domain.money import PriceUnit
from imagegate.domain.signal import Quote, Signal, SignalSource
from imagegate.domain.wire import ApiKeyHeader, HttpRequest, HttpResponse, SigV4

_TIMEOUT_SECONDS = 20.0
_MOST_BYTES = 4 * 1024 * 1024
# A model id may begin with the group of regions that share the load; the list of models leaves it out.
# https://docs.aws.amazon.com/bedrock/latest/userguide/inference-profiles-support.html (checked 2026-11-22)
_REGION_GROUP = re.compile(r"^(us|us-gov|eu|apac|jp|au|ca|global)\.")
_BEDROCK_HOST = re.compile(r"bedrock(?:-runtime)?\.([a-z0-9-]+)\.amazonaws\.com")
_FAL_PRICING = "https://api.fal.ai/v1/models/pricing"
_FAL_UNITS: Final = {
    "image": PriceUnit.IMAGE,
    "images": PriceUnit.IMAGE,
    "megapixel": PriceUnit.MEGAPIXEL,
    "megapixels": PriceUnit.MEGAPIXEL,
    "second": PriceUnit.SECOND,
    "seconds": PriceUnit.SECOND,
}


class _OpenAIModel(BaseModel):
    id: str
    shutdown_date: date | None = None


class _OpenAIModels(BaseModel):
    data: list[_OpenAIModel]


class OpenAISignals:
    """`GET /models`; an absent `shutdown_date` says nothing, null says that none is announced.

    https://developers.openai.com/api/docs/deprecations (checked 2026-11-22)
    """

    def ask(self, cards: Sequence[ModelCard], base_url: str, settings: Mapping[str, str]) -> HttpRequest:
        """Describe the request."""
        return _get(f"{base_url}/models", ApiKeyHeader(prefix="Bearer "))

    def read(self, response: HttpResponse) -> tuple[Signal, ...]:
        """Read the answer."""
        models = _OpenAIModels.model_validate_json(response.body).data
        return tuple(
            Signal(
                name=model.id, tells_shutdown="shutdown_date" in model.model_fields_set, shutdown_on=model.shutdown_date
            )
            for model in models
        )

    def name_of(self, card: ModelCard) -> str:
        """Return the version, which is the id that is sent."""
        return card.version


class _BedrockLifecycle(BaseModel):
    status: str
    end: datetime | None = Field(default=None, alias="endOfLifeTime")


class _BedrockModel(BaseModel):
    id: str = Field(alias="modelId")
    lifecycle: _BedrockLifecycle | None = Field(default=None, alias="modelLifecycle")


class _BedrockModels(BaseModel):
    models: list[_BedrockModel] = Field(alias="modelSummaries")


class BedrockSignals:
    """`ListFoundationModels`; a legacy model without an end has one that is not told.

    https://docs.aws.amazon.com/bedrock/latest/APIReference/API_ListFoundationModels.html (checked 2026-11-22)
    """

    def ask(self, cards: Sequence[ModelCard], base_url: str, settings: Mapping[str, str]) -> HttpRequest:
        """Describe the request, in the region of the settings or of the address.

        Raises:
            ConfigurationError: neither names a region.
        """
        found = _BEDROCK_HOST.search(base_url)
        region = settings.get("region") or (found.group(1) if found else None)
        if region is None:
            message = "There is no region. Run `imagegate providers set bedrock region=...`."
            raise ConfigurationError(message)
        url = f"https://bedrock.{region}.amazonaws.com/foundation-models?byOutputModality=IMAGE"
        return _get(url, ApiKeyHeader(prefix="Bearer "), SigV4(service="bedrock", region=region))

    def read(self, response: HttpResponse) -> tuple[Signal, ...]:
        """Read the answer."""
        models = _BedrockModels.model_validate_json(response.body).models
        return tuple(self._signal(model.id, model.lifecycle) for model in models)

    def name_of(self, card: ModelCard) -> str:
        """Return the model's id without a group of regions."""
        return _REGION_GROUP.sub("", card.version)

    @staticmethod
    def _signal(name: str, lifecycle: _BedrockLifecycle | None) -> Signal:
        if lifecycle is None:
            return Signal(name=name)
        if lifecycle.end is None:
            return Signal(name=name, tells_shutdown=lifecycle.status == "ACTIVE")
        return Signal(name=name, tells_shutdown=True, shutdown_on=lifecycle.end.astimezone(UTC).date())


class _FalPrice(BaseModel):
    endpoint_id: str
    unit_price: Decimal
    unit: str
    currency: str


class _FalPrices(BaseModel):
    prices: list[_FalPrice]


class FalSignals:
    """The prices of this account; fal answers for at most 50 endpoints at a time.

    https://fal.ai/docs/platform-apis/v1/models/pricing (checked 2026-11-22)
    """

    def ask(self, cards: Sequence[ModelCard], base_url: str, settings: Mapping[str, str]) -> HttpRequest:
        """Describe the request."""
        names = ",".join(quote(name, safe="/") for name in dict.fromkeys(card.version for card in cards))
        return _get(f"{_FAL_PRICING}?endpoint_id={names}", ApiKeyHeader(prefix="Key "))

    def read(self, response: HttpResponse) -> tuple[Signal, ...]:
        """Read the answer."""
        prices = _FalPrices.model_validate_json(response.body).prices
        return tuple(
            Signal(
                name=price.endpoint_id,
                quote=Quote(
                    amount=price.unit_price,
                    currency=price.currency,
                    unit=_FAL_UNITS.get(price.unit.lower()),
                    unit_name=price.unit,
                ),
            )
            for price in prices
        )

    def name_of(self, card: ModelCard) -> str:
        """Return the endpoint's id."""
        return card.version


SOURCES: Final[Mapping[str, SignalSource]] = {
    "openai": OpenAISignals(),
    "bedrock": BedrockSignals(),
    "fal": FalSignals(),
}


def _get(url: str, *auth: ApiKeyHeader | SigV4) -> HttpRequest:
    return HttpRequest(
        method="GET", url=url, auth=auth, read_timeout_seconds=_TIMEOUT_SECONDS, max_response_bytes=_MOST_BYTES
    )
