"""`imagegate providers`: which providers of the catalog are configured, and their settings that are no secret."""

from typing import TYPE_CHECKING, Annotated, Any

import typer

from imagegate.cli.failures import failures_told
from imagegate.cli.output import print_facts, print_json, print_table
from imagegate.cli.pairs import read_pairs
from imagegate.cli.settings import JsonOption, ProviderArgument, TableLocation, TableOption, find_table

if TYPE_CHECKING:
    from imagegate.app.manage_providers import ProviderState

app = typer.Typer(help="Providers and their settings. Needs AWS credentials.", no_args_is_help=True)

_COLUMNS = ("provider", "name", "state", "secret", "settings", "what to do")


@app.command(name="list")
def list_providers(table: TableOption = None, as_json: JsonOption = False) -> None:
    """List every provider of the catalog, what is missing, and how to supply it."""
    from imagegate.cli.operator import opened_providers

    with failures_told(as_json):
        location = find_table(table)
        with opened_providers(location) as manage:
            states = manage.list()
    if as_json:
        print_json({"providers": [state_as_json(state) for state in states]})
        return
    print_table(_COLUMNS, [_row(state) for state in states])


@app.command(name="set")
def set_settings(
    provider: ProviderArgument,
    settings: Annotated[
        list[str] | None, typer.Argument(metavar="KEY=VALUE", help="An empty value takes a setting away.")
    ] = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Configure a provider; settings that are not named stay as they are."""
    from imagegate.cli.operator import opened_providers

    pairs = read_pairs(settings or [], "KEY=VALUE", "KEY=VALUE, such as region=us-west-2")
    with failures_told(as_json):
        location = find_table(table)
        with opened_providers(location) as manage:
            state = manage.set_settings(provider, pairs)
    if as_json:
        print_json(state_as_json(state))
        return
    typer.echo(f"Configured {provider}")
    print_state(state, location)


@app.command()
def remove(
    provider: ProviderArgument,
    with_secret: Annotated[bool, typer.Option("--with-secret", help="Delete its secret too, for good.")] = False,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Forget a provider's settings, so that nothing is sent to it any longer."""
    from imagegate.cli.operator import opened_providers

    with failures_told(as_json):
        location = find_table(table)
        with opened_providers(location) as manage:
            state = manage.remove(provider, with_secret=with_secret)
    if as_json:
        print_json(state_as_json(state))
        return
    typer.echo(f"{provider} is not configured any longer")
    kept = f"kept; `imagegate secrets remove {provider}` deletes it" if state.has_secret else None
    print_facts({"secret": "deleted" if with_secret and state.card.secret_fields else kept})


def state_as_json(state: "ProviderState") -> dict[str, Any]:
    """Return what may be shown of a provider."""
    return {
        "id": state.card.id,
        "display_name": state.card.display_name,
        "configured": state.is_configured,
        "ready": state.is_ready,
        "has_secret": state.has_secret,
        "settings": dict(state.settings),
        "missing": list(state.missing),
        "commands": list(state.commands),
    }


def print_state(state: "ProviderState", location: TableLocation) -> None:
    """Print how a provider stands after a change."""
    print_facts(
        {
            "state": _state(state),
            "settings": _settings(state) or None,
            "missing": ", ".join(state.missing) or None,
            "table": f"{location.table} ({location.found_in})",
        }
    )
    for command in state.commands:
        print_facts({"next": command})


def _row(state: "ProviderState") -> tuple[str, ...]:
    advice = "\n".join(state.commands)
    return (state.card.id, state.card.display_name, _state(state), _secret(state), _settings(state), advice)


def _secret(state: "ProviderState") -> str:
    if state.has_secret:
        return "set"
    return "missing" if state.lacks_secret else "not needed"


def _state(state: "ProviderState") -> str:
    if not state.is_configured:
        return "not configured"
    return "ready" if state.is_ready else f"lacks {', '.join(state.missing)}"


def _settings(state: "ProviderState") -> str:
    return " ".join(f"{name}={value}" for name, value in sorted(state.settings.items()))
