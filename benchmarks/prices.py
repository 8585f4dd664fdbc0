"""List prices of AWS in us-east-1, each with where it was read; none of it is what an account with discounts pays."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

_MILLION: Final = Decimal(1_000_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """A price of a million; `is_first_hand` where AWS's own page was read, else another that cites it."""

    dollars_per_million: Decimal
    source: str
    is_first_hand: bool = False


CHECKED_ON: Final = "2026-11-22"
TRANSITION: Final = Price(
    dollars_per_million=Decimal("25.00"), source="https://aws.amazon.com/step-functions/pricing/", is_first_hand=True
)
# Memory in GB times seconds, on arm64.
GIGABYTE_SECOND: Final = Price(dollars_per_million=Decimal("13.3334"), source="https://aws.amazon.com/lambda/pricing/")
INVOCATION: Final = Price(dollars_per_million=Decimal("0.20"), source="https://aws.amazon.com/lambda/pricing/")
WRITE_UNIT: Final = Price(
    dollars_per_million=Decimal("0.625"), source="https://aws.amazon.com/dynamodb/pricing/on-demand/"
)
READ_UNIT: Final = Price(
    dollars_per_million=Decimal("0.125"), source="https://aws.amazon.com/dynamodb/pricing/on-demand/"
)
S3_WRITE: Final = Price(dollars_per_million=Decimal("5.00"), source="https://aws.amazon.com/s3/pricing/")
S3_READ: Final = Price(dollars_per_million=Decimal("0.40"), source="https://aws.amazon.com/s3/pricing/")
API_REQUEST: Final = Price(dollars_per_million=Decimal("3.50"), source="https://aws.amazon.com/api-gateway/pricing/")

NAMES: Final[Mapping[str, Price]] = {
    "a state transition of Step Functions Standard": TRANSITION,
    "a GB-second of Lambda, arm64": GIGABYTE_SECOND,
    "an invocation of Lambda": INVOCATION,
    "a write request unit of DynamoDB, on demand": WRITE_UNIT,
    "a read request unit of DynamoDB, on demand": READ_UNIT,
    "a PUT, COPY or LIST of S3 Standard": S3_WRITE,
    "a GET of S3 Standard": S3_READ,
    "a request of API Gateway REST": API_REQUEST,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spending:
    """What one generation uses, summed over all functions."""

    transitions: int
    invocations: int
    gigabyte_seconds: float
    write_units: float
    read_units: float
    calls: Counter[str]
    api_requests: int

    def dollars_per_thousand(self) -> dict[str, Decimal]:
        """Return what a thousand generations cost, by service."""
        s3_reads = self.calls["s3:GetObject"] + self.calls["s3:HeadObject"]
        s3_writes = sum(count for name, count in self.calls.items() if name.startswith("s3:")) - s3_reads
        return {
            "Step Functions": _thousand(self.transitions, TRANSITION),
            "Lambda": _thousand(self.gigabyte_seconds, GIGABYTE_SECOND) + _thousand(self.invocations, INVOCATION),
            "DynamoDB": _thousand(self.write_units, WRITE_UNIT) + _thousand(self.read_units, READ_UNIT),
            "S3": _thousand(s3_writes, S3_WRITE) + _thousand(s3_reads, S3_READ),
            "API Gateway": _thousand(self.api_requests, API_REQUEST),
        }


def _thousand(amount: float, price: Price) -> Decimal:
    return Decimal(amount) * price.dollars_per_million / _MILLION * 1000
