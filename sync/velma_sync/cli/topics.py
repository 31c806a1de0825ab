"""`velma-sync topics`"""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from velma_sync.cli.options import config_option, json_option, opened, since_option
from velma_sync.cli.outcome import ExitCode
from velma_sync.cli.output import counted, print_json, print_patch, print_rows

if TYPE_CHECKING:
    from velma_sync.vocabulary import Review


@click.command("topics", epilog="Example: velma-sync topics --patch")
@click.option("--patch", is_flag=True, help="Print the change that adopts them, for git apply -p0.")
@since_option
@config_option
@json_option
def command(patch: bool, since: datetime | None, config: Path | None, as_json: bool) -> int:
    """List call topics that your mapping does not cover.

    Most calls first, with the sentiment and the topics that may be meant. The patch adopts those that
    can mean one topic alone as its synonyms. Reads stored answers: nothing is paid.
    """
    from velma_sync.vocabulary import review

    with opened(config) as workspace:
        reviews = review(workspace, since=since)
    if as_json:
        print_json(reviews)
    elif patch:
        text = "".join(each.topics_patch for each in reviews)
        print_patch(text, "velma-sync topics lists what there is.", reviews[0].patch_directory)
    else:
        for each in reviews:
            _print(each)
    return ExitCode.FINE


def _print(found: Review) -> None:
    click.echo(f"{found.mapping.name}: {counted(found.calls, 'analyzed call')} read.")
    if not found.topics:
        click.echo("Every topic has its place.")
        return
    print_rows(
        [("CALLS", "SENTIMENT", "WORDING", "MAY MEAN")]
        + [
            (
                str(topic.calls),
                "-" if topic.sentiment is None else f"{topic.sentiment:+.2f}",
                topic.wording,
                ", ".join(topic.near) or "a topic of its own",
            )
            for topic in found.topics
        ]
    )
