"""`imagegate estimate` and `usage`: what models would cost, and what the project used and paid."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from imagegate.cli.failures import failures_told
from imagegate.cli.output import print_json, print_table, read_object
from imagegate.cli.settings import ApiKeyOption, BaseUrlOption, JsonOption, find_connection
from imagegate.domain.usage_report import Dimension

if TYPE_CHECKING:
    from imagegate.api.estimate_answers import EstimateAnswer, MonthlyEstimateAnswer
    from imagegate.api.usage import UsageCountsAnswer, UsageRowAnswer

_USAGE_COLUMNS = ("generations", "images", "cost", "refused", "failed", "total")
_GROUP_FIELDS = {Dimension.KEY: "key_id"}


def read_self_hosted(text: str) -> dict[str, Any]:
    """Read a JSON object."""
    content = read_object(text.encode())
    if content is None:
        message = "it is not a JSON object; docs/costs.md lists its fields."
        raise typer.BadParameter(message)
    return content


_ModelsOption = Annotated[list[str] | None, typer.Option("--model", help="Compare these alone; may be repeated.")]
_SelfHostedOption = Annotated[
    dict[str, Any] | None,
    typer.Option(parser=read_self_hosted, metavar="JSON", help="Compare with a model on GPUs of your own."),
]


def estimate(
    *,
    models: _ModelsOption = None,
    size: Annotated[str | None, typer.Option(help="WIDTHxHEIGHT.")] = None,
    megapixels: Annotated[str | None, typer.Option(help="The average image of a month, in place of a size.")] = None,
    quality: Annotated[str | None, typer.Option(help="low, medium, high, …")] = None,
    steps: Annotated[int | None, typer.Option(help="How long a model works on an image.")] = None,
    images_per_day: Annotated[int | None, typer.Option(help="Estimate a month of so many images a day.")] = None,
    days: Annotated[int | None, typer.Option(help="How many days the month has; 30.")] = None,
    self_hosted: _SelfHostedOption = None,
    configured: Annotated[bool, typer.Option("--configured", help="Only models that can be asked for now.")] = False,
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare what a request, or a month of them, would cost at each model; nothing is made."""
    from imagegate.cli.gateway import open_gateway

    wishes = {
        "models": models or None,
        "size": size,
        "megapixels": megapixels,
        "quality": quality,
        "steps": steps,
        "images_per_day": images_per_day,
        "days": days,
        "self_hosted": self_hosted,
        "configured": "yes" if configured else "any",
    }
    with failures_told(as_json):
        gateway = open_gateway(find_connection(base_url, api_key))
        content = gateway.estimate({name: wish for name, wish in wishes.items() if wish is not None})
        if as_json:
            print_json(content)
        else:
            _print_estimates(content)


def usage(
    *,
    by: Annotated[list[Dimension] | None, typer.Option(help="What to tell apart; may be repeated.")] = None,
    since: Annotated[str | None, typer.Option(metavar="DAY", help="The first day, such as 2026-11-01.")] = None,
    until: Annotated[str | None, typer.Option(metavar="DAY", help="The last day.")] = None,
    end_user: Annotated[str | None, typer.Option(help="Only this user of the app.")] = None,
    model: Annotated[str | None, typer.Option(help="Only this model.")] = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Print CSV.")] = False,
    base_url: BaseUrlOption = None,
    api_key: ApiKeyOption = None,
    as_json: JsonOption = False,
) -> None:
    """Add up what the project used and paid, by day unless told otherwise."""
    from imagegate.api.usage import UsageAnswer
    from imagegate.cli.gateway import open_gateway, unreadable_answer

    groups = by or [Dimension.DAY]
    wishes = {"start_date": since, "end_date": until, "end_user": end_user, "model": model}
    query = [("group_by", ",".join(groups)), *((name, wish) for name, wish in wishes.items() if wish is not None)]
    with failures_told(as_json):
        gateway = open_gateway(find_connection(base_url, api_key))
        if as_csv:
            typer.echo(gateway.usage_as_csv(query), nl=False)
            return
        content = gateway.usage(query)
        if as_json:
            print_json(content)
            return
        try:
            answer = UsageAnswer.model_validate(content)
        except ValueError as error:
            raise unreadable_answer() from error
    rows = [(*_values(row, groups), *_counts(row)) for row in answer.data]
    total = ("total", *([""] * (len(groups) - 1)), *_counts(answer.total))
    print_table((*(group.value for group in groups), *_USAGE_COLUMNS), [*rows, total])


def _print_estimates(content: dict[str, Any]) -> None:
    from imagegate.api.estimate_answers import EstimatesAnswer, MonthlyEstimateAnswer
    from imagegate.cli.gateway import unreadable_answer

    try:
        answer = EstimatesAnswer.model_validate(content)
    except ValueError as error:
        raise unreadable_answer() from error
    monthly = [row for row in answer.data if isinstance(row, MonthlyEstimateAnswer)]
    if monthly:
        print_table(("model", "a month", "an image", "self-hosting from"), [_month_row(row) for row in monthly])
    else:
        print_table(("model", "cost", "seconds", "checked", "estimate"), [_row(row) for row in answer.data])
    if answer.skipped:
        typer.echo(f"Not compared, as they cannot do this: {len(answer.skipped)}; --json says why")


def _row(row: "EstimateAnswer") -> tuple[str, ...]:
    seconds = "" if row.expected_seconds is None else f"{row.expected_seconds:g}"
    return (row.model, f"{row.amount} {row.currency}", seconds, row.price_checked_on or "", "yes" * row.is_estimate)


def _month_row(row: "MonthlyEstimateAnswer") -> tuple[str, ...]:
    volume = row.self_hosted_from_images_per_day
    told = "" if volume is None else f"{volume} images a day"
    return (row.model, f"{row.amount} {row.currency}", row.per_image, told)


def _values(row: "UsageRowAnswer", groups: list[Dimension]) -> tuple[str, ...]:
    return tuple(getattr(row, _GROUP_FIELDS.get(group, group.value)) or "-" for group in groups)


def _counts(row: "UsageCountsAnswer") -> tuple[str, ...]:
    cost = row.cost
    return (
        str(row.generations.total),
        str(row.images),
        cost.succeeded,
        cost.refused,
        cost.failed,
        f"{cost.total} {cost.currency}",
    )
