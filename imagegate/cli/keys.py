"""`imagegate keys`: API keys, made and revoked with the operator's AWS credentials; a key's text is shown once."""

from typing import Annotated

import typer

from imagegate.cli.failures import failures_told
from imagegate.cli.output import print_facts, print_json
from imagegate.cli.settings import JsonOption, TableOption, find_table
from imagegate.domain.ids import KeyId, ProjectId
from imagegate.domain.project import Role

app = typer.Typer(help="API keys of projects. Needs AWS credentials.", no_args_is_help=True)


@app.command()
def create(
    project_id: Annotated[str, typer.Argument(help="The project's id, as `imagegate projects create` printed it.")],
    role: Annotated[Role, typer.Option(help="What the key may do.")] = Role.CLIENT,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Create a key and show it, which happens only this once."""
    from imagegate.cli.operator import opened_projects

    with failures_told(as_json):
        location = find_table(table)
        with opened_projects(location) as manage:
            key, text = manage.create_key(ProjectId(project_id), role)
    if as_json:
        facts = {"key_id": key.id, "project_id": key.project_id, "role": key.role.value, "api_key": text}
        print_json({**facts, "created_at": key.created_at.isoformat()})
        return
    typer.echo("Created a key. It is stored only as a hash: keep it now, it cannot be shown again.")
    print_facts(
        {
            "api key": text,
            "key id": key.id,
            "project": key.project_id,
            "role": key.role.value,
            "table": f"{location.table} ({location.found_in})",
        }
    )


@app.command()
def revoke(
    key_id: Annotated[str, typer.Argument(help="The key's id, which begins with `key_`.")],
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Make a key stop working from the next request on."""
    from imagegate.cli.operator import opened_projects

    with failures_told(as_json):
        location = find_table(table)
        with opened_projects(location) as manage:
            key = manage.revoke_key(KeyId(key_id))
    revoked_at = key.revoked_at.isoformat() if key.revoked_at else None
    if as_json:
        facts = {"key_id": key.id, "project_id": key.project_id, "role": key.role.value, "revoked_at": revoked_at}
        print_json(facts)
        return
    typer.echo(f"Revoked the key {key.id}")
    print_facts({"project": key.project_id, "role": key.role.value, "revoked at": revoked_at})
