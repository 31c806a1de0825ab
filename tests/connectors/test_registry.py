"""Which kinds are installed, with real package metadata on the path."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from velma_connectors.errors import ConfigError
from velma_connectors.registry import GROUP, InstalledKind, KindState, installed_kinds, kind_names, load_kind

SOURCE = """
from pydantic import BaseModel

from velma_connectors.registry import ConnectorKind


class Options(BaseModel):
    pass


def open_it(connection, options):
    raise NotImplementedError


KIND = ConnectorKind("drawer", "Drawer", Options, open_it, str)
"""

Install = Callable[..., None]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Puts a package with one entry point on the path: its text, its distribution, its entry point."""
    monkeypatch.syspath_prepend(tmp_path)
    before = set(sys.modules)

    def put(
        source: str = SOURCE,
        *,
        distribution: str = "velma-sync-drawer",
        entry: str = "drawer = velma_sync_drawer:KIND",
    ) -> None:
        (tmp_path / "velma_sync_drawer.py").write_text(source)
        metadata = tmp_path / f"{distribution.replace('-', '_')}-2.5.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 2.5\n")
        (metadata / "entry_points.txt").write_text(f"[{GROUP}]\n{entry}\n")

    yield put
    for name in set(sys.modules) - before:
        if name.startswith("velma_sync_drawer"):
            del sys.modules[name]


def drawer() -> InstalledKind:
    (row,) = (row for row in installed_kinds() if row.name == "drawer")
    return row


def test_the_shipped_kinds_are_ready() -> None:
    rows = {row.name: row for row in installed_kinds()}
    assert {"hubspot", "salesforce"} <= set(rows)
    for name in ("hubspot", "salesforce"):
        row = rows[name]
        assert (row.state, row.reason, row.distribution) == (KindState.READY, "", "velma-sync")
        assert row.kind is load_kind(name)


def test_a_plug_in_is_a_row_with_its_package(install: Install) -> None:
    install()
    row = drawer()
    assert (row.title, row.distribution, row.version) == ("Drawer", "velma-sync-drawer", "2.5")
    assert (row.state, row.reason) == (KindState.READY, "")
    assert load_kind("drawer") is row.kind


BROKEN = {
    "a missing module": (
        "import no_such_library\n",
        "could not be loaded: ModuleNotFoundError: No module named 'no_such_library'.",
    ),
    "a module that fails": (
        'raise RuntimeError("first line.\\nsecond line")\n',
        "could not be loaded: RuntimeError: first line.",
    ),
    "a module that ends the process": ("raise SystemExit(3)\n", "could not be loaded: SystemExit: 3."),
    "no such object": (
        "OTHER = 1\n",
        "could not be loaded: AttributeError: module 'velma_sync_drawer' has no attribute 'KIND'.",
    ),
    "another object": ("KIND = {}\n", "is no ConnectorKind: velma_sync_drawer:KIND is of type dict."),
    "another name": (
        SOURCE.replace('"drawer"', '"cupboard"'),
        "is called 'cupboard' by velma_sync_drawer:KIND; its entry point has to have the same name.",
    ),
    "options that are no model": (
        SOURCE.replace("Options(BaseModel)", "Options"),
        "has options that are no pydantic model: velma_sync_drawer:KIND.",
    ),
    "an instance in place of options": (
        SOURCE.replace("Options, open_it", "Options(), open_it"),
        "has options that are no pydantic model: velma_sync_drawer:KIND.",
    ),
    "no title": (
        SOURCE.replace('"Drawer"', "None"),
        "lacks a title, or functions where they belong: velma_sync_drawer:KIND.",
    ),
    "an administration that is no function": (
        SOURCE.replace("open_it, str)", "open_it, str, 'yes')"),
        "lacks a title, or functions where they belong: velma_sync_drawer:KIND.",
    ),
    "a mapping that is no function": (
        SOURCE.replace("open_it, str)", "open_it, 'version: 1')"),
        "lacks a title, or functions where they belong: velma_sync_drawer:KIND.",
    ),
}


@pytest.mark.parametrize(("source", "reason"), BROKEN.values(), ids=BROKEN)
def test_a_plug_in_that_cannot_be_used_is_a_row_with_the_reason(
    install: Install, source: str, reason: str
) -> None:
    install(source)
    row = drawer()
    assert (row.state, row.reason, row.kind) == (KindState.BROKEN, reason, None)
    assert (row.distribution, row.version) == ("velma-sync-drawer", "2.5")
    with pytest.raises(ConfigError) as refusal:
        load_kind("drawer")
    assert str(refusal.value) == f"connector 'drawer': {reason}"


def test_an_entry_point_that_makes_no_sense_is_a_row(install: Install) -> None:
    install(entry="drawer = velma sync drawer")
    row = drawer()
    assert row.state is KindState.BROKEN
    assert row.reason.startswith("could not be loaded: ")


def test_a_name_that_is_taken_twice_is_two_rows_and_opens_neither(install: Install) -> None:
    install()
    install(distribution="velma-sync-other")
    rows = [row for row in installed_kinds() if row.name == "drawer"]
    reason = (
        "has a name that is taken twice, by velma-sync-drawer and velma-sync-other; uninstall one of them."
    )
    assert [(row.distribution, row.state, row.reason) for row in rows] == [
        ("velma-sync-drawer", KindState.BROKEN, reason),
        ("velma-sync-other", KindState.BROKEN, reason),
    ]
    assert kind_names().count("drawer") == 1
    with pytest.raises(ConfigError, match="taken twice"):
        load_kind("drawer")


@pytest.mark.parametrize("source", ["import no_such_library\n", "raise SystemExit(3)\n"])
def test_a_broken_plug_in_takes_nothing_from_the_others(install: Install, source: str) -> None:
    before = {row.name: row for row in installed_kinds()}
    install(source)
    after = {row.name: row for row in installed_kinds()}
    del after["drawer"]
    assert after == before
    assert load_kind("salesforce").title == "Salesforce"


def test_a_kind_that_nobody_brings_is_refused_with_those_there_are() -> None:
    with pytest.raises(ConfigError) as refusal:
        load_kind("zoho")
    assert str(refusal.value) == (
        f"connector 'zoho': is not installed. Installed: {', '.join(kind_names())}."
    )


def test_the_kind_itself_stays_out_of_the_printed_row(install: Install) -> None:
    install()
    assert "ConnectorKind" not in repr(drawer())
