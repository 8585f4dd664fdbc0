"""The `imagegate` command: every group in a file of its own, and nothing slow loaded before a command runs."""

from typing import Annotated

import typer

from imagegate import __version__
from imagegate.cli import batches, catalog, keys, projects, providers, secrets, webhooks
from imagegate.cli.doctor import doctor
from imagegate.cli.generate import generate
from imagegate.cli.generations import cancel, delete, list_generations
from imagegate.cli.models import models
from imagegate.cli.policy import policy
from imagegate.cli.show import show

# A stack trace with local variables would show keys.
app = typer.Typer(no_args_is_help=True, pretty_exceptions_show_locals=False)
app.command()(generate)
app.command()(models)
app.command()(show)
app.command(name="list")(list_generations)
app.command()(cancel)
app.command()(delete)
app.command()(doctor)
projects.app.command()(policy)
app.add_typer(projects.app, name="projects")
app.add_typer(keys.app, name="keys")
app.add_typer(providers.app, name="providers")
app.add_typer(secrets.app, name="secrets")
app.add_typer(catalog.app, name="catalog")
app.add_typer(batches.app, name="batches")
app.add_typer(webhooks.app, name="webhooks")


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"imagegate {__version__}")
        raise typer.Exit


@app.callback()
def imagegate(
    version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Make pictures through an Imagegate gateway, and manage its projects, keys and providers."""
