"""`velma-sync schema`"""

from __future__ import annotations

from pathlib import Path

import click

from velma_sync.cli.outcome import ExitCode

FILES = ("velma-sync", "mapping", "analysis")


@click.command("schema", epilog="Example: velma-sync schema --directory .")
@click.argument("name", metavar="[FILE]", type=click.Choice(FILES), required=False)
@click.option(
    "--directory",
    type=click.Path(exists=True, file_okay=False, writable=True, path_type=Path),
    help="Write the schemas of all three files there instead.",
)
def command(name: str | None, directory: Path | None) -> int:
    """Print the JSON Schema of a configuration file, for editors.

    FILE is velma-sync, mapping or analysis. An editor with a YAML language server uses the schema that the
    first line of a YAML file names.
    """
    from velma_sync.schemas import editor_comment, editor_schema, text, write_schemas

    if (name is None) is (directory is None):
        raise click.UsageError(f"Name one file of {', '.join(FILES)}, or a --directory for all of them.")
    if name is not None:
        click.echo(text(editor_schema(name)), nl=False)
    if directory is not None:
        for path, each in zip(write_schemas(directory), FILES, strict=True):
            click.echo(f"{path}  first line of {each}.yaml: {editor_comment(each)}")
    return ExitCode.FINE
