"""`imagegate projects`: the tenants of a gateway, managed with the operator's AWS credentials."""

from decimal import Decimal, InvalidOperation
from typing import Annotated, Any

import typer

from imagegate.cli.failures import failures_told
from imagegate.cli.output import print_facts, print_json
from imagegate.cli.settings import JsonOption, TableLocation, TableOption, find_table
from imagegate.domain.ids import ProjectId
from imagegate.domain.money import Money, PriceUnit
from imagegate.domain.project import OnUnknown, Project

app = typer.Typer(help="Projects are the tenants of a gateway. Needs AWS credentials.", no_args_is_help=True)


def read_budget(text: str) -> Money:
    """Read an amount of US dollars."""
    amount = _read_amount(text)
    if not amount.is_finite() or amount <= 0:
        message = f"{text!r} is not an amount above zero, such as 25 or 12.50."
        raise typer.BadParameter(message)
    return Money(amount=amount)


def read_price(text: str) -> Decimal:
    """Read an amount of US dollars that may be nothing."""
    amount = _read_amount(text)
    if not amount.is_finite() or amount < 0:
        message = f"{text!r} is not an amount, such as 0.04."
        raise typer.BadParameter(message)
    return amount


def read_name(text: str) -> str:
    """Read a name that can be seen."""
    if not text.strip():
        message = "the name is empty."
        raise typer.BadParameter(message)
    return text.strip()


BudgetOption = Annotated[
    Money | None,
    typer.Option(parser=read_budget, metavar="USD", help="Refuse requests that would cost more in a month."),
]
_ON_UNKNOWN_HELP = "What to do where the answer of a provider was lost: `fail`, or `resubmit`, which may pay twice."


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What people call the project.", callback=read_name)],
    monthly_budget: BudgetOption = None,
    on_unknown: Annotated[OnUnknown, typer.Option(help=_ON_UNKNOWN_HELP)] = OnUnknown.FAIL,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a project."""
    from imagegate.cli.operator import opened_projects

    with failures_told(as_json):
        location = find_table(table)
        with opened_projects(location) as manage:
            project = manage.create_project(name, monthly_budget, on_unknown)
    if as_json:
        print_json(_as_json(project))
        return
    typer.echo(f"Created the project {project.name!r}")
    print_facts({**_facts(project, location), "next": f"imagegate keys create {project.id}"})


@app.command(name="set")
def set_project(
    project_id: Annotated[str, typer.Argument(metavar="PROJECT", help="Its id, which begins with `prj_`.")],
    monthly_budget: BudgetOption = None,
    on_unknown: Annotated[OnUnknown | None, typer.Option(help=_ON_UNKNOWN_HELP)] = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Change a project; what is not named stays as it is."""
    from imagegate.cli.operator import opened_projects

    with failures_told(as_json):
        location = find_table(table)
        with opened_projects(location) as manage:
            project = manage.set_project(ProjectId(project_id), monthly_budget=monthly_budget, on_unknown=on_unknown)
    if as_json:
        print_json(_as_json(project))
        return
    typer.echo(f"Changed the project {project.name!r}")
    print_facts(_facts(project, location))


@app.command()
def price(
    *,
    project_id: Annotated[str, typer.Argument(metavar="PROJECT", help="Its id, which begins with `prj_`.")],
    model: Annotated[str, typer.Argument(metavar="MODEL", help="The model's id, such as openai/gpt-image-2.")],
    unit: Annotated[PriceUnit, typer.Argument(metavar="UNIT", help="What is counted, such as image or megapixel.")],
    amount: Annotated[
        Decimal | None, typer.Argument(parser=read_price, metavar="AMOUNT", help="What one costs, in USD.")
    ] = None,
    remove: Annotated[bool, typer.Option("--remove", help="Go back to the price book's.")] = False,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set what a project pays for a unit of a model, for generations that are accepted from now on."""
    from imagegate.cli.operator import opened_prices

    if remove is (amount is not None):
        message = "give an AMOUNT, or --remove."
        raise typer.BadParameter(message)
    with failures_told(as_json):
        location = find_table(table)
        with opened_prices(location) as negotiate:
            project = negotiate(ProjectId(project_id), model, unit, amount)
    if as_json:
        print_json(_as_json(project))
        return
    typer.echo(f"Changed the prices of the project {project.name!r}")
    print_facts(_facts(project, location))


def _as_json(project: Project) -> dict[str, Any]:
    budget = project.monthly_budget
    return {
        "project_id": project.id,
        "name": project.name,
        "created_at": project.created_at.isoformat(),
        "monthly_budget": {"amount": f"{budget.amount:f}", "currency": budget.currency} if budget else None,
        "on_unknown": project.on_unknown.value,
        "prices": [
            {
                "model": model,
                "unit": price.unit.value,
                "amount": f"{price.amount:f}",
                "currency": price.currency,
                "agreed_on": price.agreed_on.isoformat(),
            }
            for model, prices in project.prices.items()
            for price in prices
        ],
    }


def _facts(project: Project, location: TableLocation) -> dict[str, str | None]:
    budget = project.monthly_budget
    return {
        "project": project.id,
        "budget": f"{budget.amount:f} {budget.currency} a month" if budget else "none",
        "on unknown": project.on_unknown.value,
        "prices": ", ".join(_tell_prices(project)) or None,
        "table": f"{location.table} ({location.found_in})",
    }


def _tell_prices(project: Project) -> list[str]:
    return [
        f"{model} {price.amount:f} {price.currency}/{price.unit.value}"
        for model, prices in project.prices.items()
        for price in prices
    ]


def _read_amount(text: str) -> Decimal:
    try:
        return Decimal(text)
    except InvalidOperation:
        return Decimal("NaN")
