"""Dated prices of machines with one GPU, for estimates of self-hosting that name a machine."""

import tomllib
from collections.abc import Mapping
from datetime import date
from decimal import Decimal
from functools import cache
from importlib.resources import files

from pydantic import BaseModel, ConfigDict, Field

from imagegate.domain.selfhosted import MachinePrice


class _MachineRow(BaseModel):
    """`[[machines]]`."""

    model_config = ConfigDict(extra="forbid")

    name: str
    gpu: str
    hourly_price: str = Field(pattern=r"^\d+(\.\d+)?$")
    source: str
    checked_on: date

    def to_domain(self) -> MachinePrice:
        """Return the price."""
        return MachinePrice(
            name=self.name,
            gpu=self.gpu,
            hourly_price=Decimal(self.hourly_price),
            currency="USD",
            source=self.source,
            checked_on=self.checked_on,
        )


class _MachinesFile(BaseModel):
    model_config = ConfigDict(extra="forbid")

    machines: list[_MachineRow] = Field(min_length=1)


@cache
def machine_prices() -> Mapping[str, MachinePrice]:
    """Return what machines cost, by their names."""
    text = files(__package__).joinpath("sagemaker.toml").read_text(encoding="utf-8")
    rows = _MachinesFile.model_validate(tomllib.loads(text)).machines
    return {row.name: row.to_domain() for row in rows}
