"""`imagegate secrets`: the keys of providers go into Secrets Manager; their values are never printed."""

import getpass
import sys
from typing import TYPE_CHECKING, Annotated

import typer

from imagegate.cli.failures import CommandFailedError, failures_told
from imagegate.cli.output import print_json
from imagegate.cli.pairs import read_files, read_pairs
from imagegate.cli.settings import JsonOption, ProviderArgument, TableOption, find_table

if TYPE_CHECKING:
    from imagegate.domain.card import ProviderCard

app = typer.Typer(help="Keys of providers, kept in Secrets Manager. Needs AWS credentials.", no_args_is_help=True)


@app.command(name="set")
def set_secret(
    provider: ProviderArgument,
    fields: Annotated[
        list[str] | None,
        typer.Argument(metavar="FIELD=VALUE", help="Without them they are asked for and not shown."),
    ] = None,
    from_file: Annotated[
        list[str] | None, typer.Option(metavar="FIELD=PATH", help="Read a field from a file; may be repeated.")
    ] = None,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Set or replace a provider's secret, and configure the provider."""
    from imagegate.cli.operator import opened_providers
    from imagegate.cli.providers import print_state, state_as_json

    given = read_pairs(fields or [], "FIELD=VALUE", "FIELD=VALUE, such as api_key=...")
    files = read_pairs(from_file or [], "--from-file", "FIELD=PATH, such as credentials_json=key.json")
    if twice := sorted(given.keys() & files.keys()):
        message = f"{twice[0]!r} is given twice."
        raise typer.BadParameter(message, param_hint="--from-file")
    with failures_told(as_json):
        location = find_table(table)
        given |= read_files(files)
        with opened_providers(location) as manage:
            if is_at_keyboard():
                given |= ask_for_missing(manage.card(provider), given)
            state = manage.set_secret(provider, given)
    if as_json:
        print_json(state_as_json(state))
        return
    typer.echo(f"Set the secret of {provider}: {', '.join(sorted(given))}")
    print_state(state, location)


@app.command()
def remove(provider: ProviderArgument, table: TableOption = None, as_json: JsonOption = False) -> None:
    """Delete a provider's secret for good."""
    from imagegate.cli.operator import opened_providers
    from imagegate.cli.providers import print_state, state_as_json

    with failures_told(as_json):
        location = find_table(table)
        with opened_providers(location) as manage:
            state = manage.remove_secret(provider)
    if as_json:
        print_json(state_as_json(state))
        return
    typer.echo(f"Deleted the secret of {provider}")
    print_state(state, location)


def is_at_keyboard() -> bool:
    """Tell whether there is a person to ask."""
    return sys.stdin.isatty()


def ask_for_missing(card: "ProviderCard", given: dict[str, str]) -> dict[str, str]:
    """Ask for what completes the first alternative that holds what was given.

    Raises:
        CommandFailedError: a field holds a whole file, which nobody types.
    """
    from imagegate.app.manage_providers import JSON_ENDING

    needed = given.keys() - set(card.optional_secret_fields)
    fitting = [fields for fields in card.secret_fields if fields and needed <= set(fields)]
    missing = [name for name in fitting[0] if name not in given] if fitting else []
    for name in missing:
        if name.endswith(JSON_ENDING):
            message = f"The field {name!r} of {card.id} is a whole JSON file."
            raise CommandFailedError("missing_field", message, advice=f"Pass it with `--from-file {name}=key.json`.")
    return {name: getpass.getpass(f"{name} of {card.display_name}: ") for name in missing}
