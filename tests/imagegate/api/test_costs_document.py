"""The example in `docs/costs.md` is what the code computes, with the catalog as it is."""

import re
from datetime import date
from pathlib import Path

from imagegate.api.estimate_answers import tell_month
from imagegate.api.estimates import EstimateBody
from imagegate.api.requests import read_body
from imagegate.catalog import TomlCatalog, all_provider_ids
from imagegate.catalog.machines import machine_prices
from imagegate.domain.estimate import estimate_average
from imagegate.domain.monthly import monthly_estimates

DOCUMENT = Path(__file__).parents[3] / "docs" / "costs.md"
TODAY = date(2026, 11, 22)


def example() -> str:
    """Compute the table under the example."""
    (request,) = re.findall(r"```json\n(.*?)```", DOCUMENT.read_text(encoding="utf-8"), re.DOTALL)
    body = read_body(EstimateBody, request)
    plan = body.plan(machine_prices())
    assert plan is not None
    cards = tuple(card for card in TomlCatalog(all_provider_ids()).cards() if card.id in body.choice().models)
    estimates = estimate_average(body.request(), body.megapixels, cards, TODAY)
    told = tell_month(monthly_estimates(estimates.found, plan), estimates, frozenset(), plan).model_dump()
    rows = [f"| `{row['model']}` | {row['amount']} | {row['per_image']} | {_volume(row)} |" for row in told["data"]]
    head = "| model | month, USD | an image | self-hosting costs no more from |\n|---|---|---|---|\n"
    return head + "\n".join(rows) + "\n"


def _volume(row: dict[str, object]) -> str:
    if row["model"] == "self-hosted":
        return f"{row['gpus']} GPU"
    volume = row["self_hosted_from_images_per_day"]
    return "never" if volume is None else f"{volume} images a day"


def test_the_example_is_what_the_code_computes() -> None:
    assert example() in DOCUMENT.read_text(encoding="utf-8")
