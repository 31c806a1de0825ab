"""Records the cassettes of one CRM anew: from its emulator, or from a real account.

    python tests/cassettes/record.py salesforce
    python tests/cassettes/record.py hubspot --config velma-sync.yaml --connection NAME --call ID

README.md tells what is written to a real account, and what to look at before committing.
"""

from __future__ import annotations

from pathlib import Path

import click
from crms import HERE, STAGES
from recording import NotRecorded, configured, record
from scenes import SCENES
from stages import Setting, Stage

from velma_connectors.errors import VelmaSyncError
from velma_sync.config.load import Connection, load_configuration


@click.command()
@click.argument("crm", type=click.Choice(sorted(STAGES)))
@click.option("--sandbox", is_flag=True, help="Start an emulator and record from it. This is the default.")
@click.option("--config", type=click.Path(path_type=Path), help="velma-sync.yaml of a real account.")
@click.option("--connection", help="Name of the connection in that file.")
@click.option("--call", help="Id of the call whose fields, and whose deal's fields, may be written.")
@click.option("--to", type=click.Path(path_type=Path), default=HERE, help="Folder to write to.")
def main(
    crm: str, sandbox: bool, config: Path | None, connection: str | None, call: str | None, to: Path
) -> None:
    """Play every scene against a CRM and keep what was said, scrubbed."""
    stage = STAGES[crm]
    real = (config, connection, call)
    if any(real) and (sandbox or not all(real)):
        raise click.UsageError("--config, --connection and --call go together, and not with --sandbox")
    try:
        if config and connection and call:
            setting = configured(stage, _connection(config, connection, stage), call)
            _ask(stage, setting)
            written = record(stage, setting, to / crm)
        else:
            with stage.sandbox() as setting:
                written = record(stage, setting, to / crm)
    except (NotRecorded, VelmaSyncError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    for path in written:
        click.echo(f"{path}  {path.stat().st_size:,} bytes")
    click.echo("Look through them before you commit; README.md says what to look at.")


def _connection(config: Path, name: str, stage: Stage) -> Connection:
    connections = {each.name: each for each in load_configuration(config).connections}
    if name not in connections or connections[name].kind.name != stage.name:
        raise NotRecorded(f"{config} has no connection '{name}' of kind {stage.name}.")
    return connections[name]


def _ask(stage: Stage, setting: Setting) -> None:
    """Say what will be written, and end here unless the admin agrees."""
    cast = stage.cast(setting.call, setting.deal, setting.hosted, setting.window)
    click.echo(f"This writes to a real account: {setting.call} and {setting.deal}.")
    for scene in SCENES:
        if scene.writes:
            click.echo(f"- {scene.name.replace('_', ' ')}: {scene.writes}")
    for record_ref, fields in ((cast.call, cast.call_fields), (cast.deal, list(cast.deal_values))):
        click.echo(f"Restored afterwards on {record_ref}: {', '.join(fields)}")
    if cast.note_field is None:
        click.echo(f"NOT taken back: one note on {setting.deal}. Delete it by hand afterwards.")
    click.confirm("Go on?", abort=True)


if __name__ == "__main__":
    main()
