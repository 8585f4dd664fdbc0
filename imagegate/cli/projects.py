"""`imagegate projects`: the tenants of a gateway, made with the operator's AWS credentials."""

from decimal import Decimal, InvalidOperation
from typing import Annotated

import typer

from imagegate.cli.failures import failures_told
from imagegate.cli.output import print_facts, print_json
from imagegate.cli.settings import JsonOption, TableOption, find_table
from imagegate.domain.money import Money

app = typer.Typer(help="Projects are the tenants of a gateway. Needs AWS credentials.", no_args_is_help=True)


def read_budget(text: str) -> Money:
    """Read an amount of US dollars."""
    try:
        amount = Decimal(text)
    except InvalidOperation:
        amount = Decimal("NaN")
    if not amount.is_finite() or amount <= 0:
        message = f"{text!r} is not an amount above zero, such as 25 or 12.50."
        raise typer.BadParameter(message)
    return Money(amount=amount)


def read_name(text: str) -> str:
    """Read a name that can be seen."""
    if not text.strip():
        message = "the name is empty."
        raise typer.BadParameter(message)
    return text.strip()


@app.callback()
def projects() -> None:
    """Keep `create` a subcommand while it is the only one."""


@app.command()
def create(
    name: Annotated[str, typer.Argument(help="What people call the project.", callback=read_name)],
    monthly_budget: Annotated[
        Money | None,
        typer.Option(parser=read_budget, metavar="USD", help="Refuse requests that would cost more in a month."),
    ] = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a project."""
    from imagegate.cli.operator import opened_projects

    with failures_told(as_json):
        location = find_table(table)
        with opened_projects(location) as manage:
            project = manage.create_project(name, monthly_budget)
    budget = project.monthly_budget
    if as_json:
        told = {"amount": f"{budget.amount:f}", "currency": budget.currency} if budget else None
        facts = {"project_id": project.id, "name": project.name, "created_at": project.created_at.isoformat()}
        print_json({**facts, "monthly_budget": told})
        return
    typer.echo(f"Created the project {project.name!r}")
    print_facts(
        {
            "project": project.id,
            "budget": f"{budget.amount:f} {budget.currency} a month" if budget else "none",
            "table": f"{location.table} ({location.found_in})",
            "next": f"imagegate keys create {project.id}",
        }
    )
