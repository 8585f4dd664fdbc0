"""`imagegate models`: what the gateway can be asked for."""

from typing import TYPE_CHECKING, Annotated

import typer

from imagegate.cli.failures import failures_told
from imagegate.cli.output import print_json, print_table
from imagegate.cli.settings import ApiKeyOption, BaseUrlOption, JsonOption, find_connection

if TYPE_CHECKING:
    from imagegate.api.models import ModelAnswer

_COLUMNS = ("model", "sizes", "at most", "formats", "seed", "price", "shutdown")


def models(
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    wants_all: Annotated[bool, typer.Option("--all", help="Also models of providers that are not configured.")] = False,
    as_json: JsonOption = False,
) -> None:
    """List the models of all configured providers, or of the whole catalog."""
    from imagegate.api.models import ModelsAnswer
    from imagegate.cli.gateway import open_gateway, unreadable_answer

    with failures_told(as_json):
        content = open_gateway(find_connection(base_url, api_key)).models(wants_all=wants_all)
        if as_json:
            print_json(content)
            return
        try:
            answer = ModelsAnswer.model_validate(content)
        except ValueError as error:
            raise unreadable_answer() from error
        columns = (*_COLUMNS, "configured") if wants_all else _COLUMNS
        print_table(columns, [_row(model)[: len(columns)] for model in answer.data])


def _row(model: "ModelAnswer") -> tuple[str, ...]:
    card = model.imagegate
    prices = dict.fromkeys(f"{price.amount} {price.currency}/{price.unit}" for price in card.prices)
    return (
        model.id,
        card.sizes,
        str(card.max_count),
        ", ".join(card.output_formats),
        "yes" if card.seed else "no",
        "\n".join(prices),
        _shutdown(model),
        "yes" if card.is_configured else "no",
    )


def _shutdown(model: "ModelAnswer") -> str:
    card = model.imagegate
    if card.shutdown_on is None:
        return ""
    return f"{card.shutdown_on}, then {card.replacement}" if card.replacement else card.shutdown_on
