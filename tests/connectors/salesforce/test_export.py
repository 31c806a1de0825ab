"""Exported fields, read back from their XML: they are what the connection itself makes in an org."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from velma_connectors.administration import ExportedFile
from velma_connectors.model import FieldKind, FieldSpec, Target
from velma_connectors.salesforce.connector import SalesforceConnector
from velma_connectors.salesforce.export import NAMESPACE, SOURCE, export_fields
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.schema import obstacle
from velma_connectors.sandbox.salesforce import ConnectedApp, SalesforceEmulator, SalesforceOrg
from velma_connectors.sandbox.server import RunningServer

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
TEXT = st.text(st.characters(codec="utf-8", exclude_categories=("C", "Z")), min_size=1, max_size=30)
CHOICES = st.lists(
    st.text("ABCdef <&>äß'\"", min_size=1, max_size=12).map(str.strip).filter(bool),
    min_size=1,
    max_size=5,
    unique_by=str.lower,
)
KINDS = [kind for kind in FieldKind if kind is not FieldKind.OTHER]
WHOLE = {"length", "precision", "scale", "visibleLines"}


@st.composite
def specs(draw: st.DrawFn) -> list[FieldSpec]:
    """Fields of every kind on every record, each named once."""
    found = [
        FieldSpec(
            target=draw(st.sampled_from(list(Target))),
            name=f"Velma_{place}__c",
            label=draw(TEXT),
            kind=kind,
            help=draw(TEXT),
            max_length=draw(st.none() | st.integers(1, 4_000)),
            precision=draw(st.none() | st.integers(5, 18)),
            scale=draw(st.none() | st.integers(0, 5)),
            choices=tuple(draw(CHOICES)) if "choice" in kind else (),
        )
        for place, kind in enumerate(draw(st.lists(st.sampled_from(KINDS), min_size=1, max_size=6)))
    ]
    return [spec for spec in found if not (spec.target is Target.CALL and spec.kind is FieldKind.LONG_TEXT)]


def options(url: str, calls_from: Sequence[str] = ("Task", "Event")) -> SalesforceOptions:
    return SalesforceOptions.model_validate(
        {"login_url": url, "consumer_key": "key", "consumer_secret": "secret", "calls_from": calls_from}
    )


OPTIONS = options("https://acme.my.salesforce.com")


def read(text: str) -> Any:
    """A file as nested values; elements that occur several times become a list."""
    assert text.startswith('<?xml version="1.0" encoding="UTF-8"?>\n')
    return _content(ElementTree.fromstring(text.encode()))


def _content(element: ElementTree.Element) -> Any:
    if not len(element):
        return element.text or ""
    found: dict[str, Any] = {}
    for child in element:
        key = child.tag.removeprefix(f"{{{NAMESPACE}}}")
        assert key != child.tag, "every element is in the namespace of the Metadata API"
        found.setdefault(key, []).append(_content(child))
    return {key: values if len(values) > 1 else values[0] for key, values in found.items()}


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def typed(key: str, value: Any) -> Any:
    """The values of a field's file as the Tooling API tells them."""
    if isinstance(value, dict):
        return {name: typed(name, each) for name, each in value.items()}
    if isinstance(value, list):
        return [typed(key, each) for each in value]
    if key in WHOLE:
        return int(value)
    return {"true": True, "false": False}[value] if value in ("true", "false") else value


def fields_in(files: Sequence[ExportedFile]) -> dict[str, Any]:
    """`Object.Field` -> its metadata, by the names of the files."""
    found = {}
    for file in files:
        if file.path.endswith(".field-meta.xml"):
            folder, _, name = file.path.removeprefix(f"{SOURCE}/objects/").partition("/fields/")
            metadata = read(file.text)
            full_name = metadata.pop("fullName")
            assert name == f"{full_name}.field-meta.xml"
            found[f"{folder}.{full_name}"] = _normal(typed("", metadata))
    return found


def _normal(metadata: dict[str, Any]) -> dict[str, Any]:
    """What is so when nothing is said, and the options as a list."""
    normal = {"required": False, **metadata}
    if "valueSet" in normal:
        values = listed(normal["valueSet"]["valueSetDefinition"]["value"])
        normal["valueSet"]["valueSetDefinition"]["value"] = [{"isActive": True, **each} for each in values]
    return normal


def permissions_in(files: Sequence[ExportedFile]) -> set[tuple[str, bool, bool]]:
    (file,) = (file for file in files if file.path.endswith(".permissionset-meta.xml"))
    granted = listed(read(file.text)["fieldPermissions"])
    return {(each["field"], each["readable"] == "true", each["editable"] == "true") for each in granted}


@settings(max_examples=15)
@given(specs())
def test_what_is_exported_is_what_the_connection_makes(wanted: list[FieldSpec]) -> None:
    org = SalesforceOrg(clock=lambda: NOW)
    org.add_app(ConnectedApp("key", "secret", run_as=org.add_user("sync@acme.example", "Velma", "Sync")))
    with RunningServer(SalesforceEmulator(org)) as server:
        connector = SalesforceConnector("sales", options(server.url), wait=lambda _: None, now=lambda: NOW)
        results = connector.create_fields(connector.plan_fields(wanted))
        connector.close()
    assert all(result.ok for result in results), [result.reason for result in results]
    files = export_fields(OPTIONS, wanted)
    made = {row["FullName"]: _normal(row["Metadata"]) for row in org.rows("CustomField")}
    assert fields_in(files) == made
    if wanted:
        assert permissions_in(files) == {
            (row["Field"], row["PermissionsRead"], row["PermissionsEdit"])
            for row in org.rows("FieldPermissions")
        }
        (permission_set,) = org.rows("PermissionSet")
        (file,) = (file for file in files if file.path.endswith(".permissionset-meta.xml"))
        assert file.path == f"{SOURCE}/permissionsets/{permission_set['Name']}.permissionset-meta.xml"
        assert read(file.text)["label"] == permission_set["Label"]


CALL_SCORE = FieldSpec(Target.CALL, "Velma_Score__c", "Score", FieldKind.NUMBER, "Higher is better.")
DEAL_TEXT = FieldSpec(Target.DEAL, "Velma_Text__c", "Text", FieldKind.LONG_TEXT, "Said & <done>.")


@pytest.mark.parametrize("calls_from", [("Task",), ("Event",), ("Task", "Event")])
def test_fields_of_activities_are_one_file_and_shown_on_both(calls_from: Sequence[str]) -> None:
    files = export_fields(options("https://acme.my.salesforce.com", calls_from), [CALL_SCORE])
    assert list(fields_in(files)) == ["Activity.Velma_Score__c"]
    assert {field for field, _, _ in permissions_in(files)} == {
        "Task.Velma_Score__c",
        "Event.Velma_Score__c",
    }


def test_the_project_names_its_parts_and_the_version_of_the_connection() -> None:
    files = {file.path: file.text for file in export_fields(OPTIONS, [DEAL_TEXT, CALL_SCORE])}
    assert list(files) == [
        "README.md",
        "sfdx-project.json",
        "manifest/package.xml",
        "force-app/main/default/objects/Opportunity/fields/Velma_Text__c.field-meta.xml",
        "force-app/main/default/objects/Activity/fields/Velma_Score__c.field-meta.xml",
        "force-app/main/default/permissionsets/Velma_Sync.permissionset-meta.xml",
    ]
    project = json.loads(files["sfdx-project.json"])
    assert project["sourceApiVersion"] == OPTIONS.api_version
    assert project["packageDirectories"] == [{"path": "force-app", "default": True}]
    assert read(files["manifest/package.xml"]) == {
        "types": [
            {"members": ["Activity.Velma_Score__c", "Opportunity.Velma_Text__c"], "name": "CustomField"},
            {"members": "Velma_Sync", "name": "PermissionSet"},
        ],
        "version": OPTIONS.api_version,
    }
    assert "--name Velma_Sync" in files["README.md"]


def test_a_field_reads_as_salesforce_itself_writes_it() -> None:
    spec = FieldSpec(Target.DEAL, "Velma_Next__c", "Next", FieldKind.CHOICE, "A & B.", choices=("Yes", "No"))
    text = next(file.text for file in export_fields(OPTIONS, [spec]) if file.path.endswith(".field-meta.xml"))
    assert (
        text
        == """\
<?xml version="1.0" encoding="UTF-8"?>
<CustomField xmlns="http://soap.sforce.com/2006/04/metadata">
    <fullName>Velma_Next__c</fullName>
    <description>A &amp; B.</description>
    <inlineHelpText>A &amp; B.</inlineHelpText>
    <label>Next</label>
    <type>Picklist</type>
    <valueSet>
        <restricted>true</restricted>
        <valueSetDefinition>
            <sorted>false</sorted>
            <value>
                <fullName>Yes</fullName>
                <default>false</default>
                <label>Yes</label>
            </value>
            <value>
                <fullName>No</fullName>
                <default>false</default>
                <label>No</label>
            </value>
        </valueSetDefinition>
    </valueSet>
</CustomField>
"""
    )


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        (
            FieldSpec(Target.DEAL, "Name", "N", FieldKind.TEXT, ""),
            "- Opportunity.Name: no such field",
        ),
        (
            FieldSpec(Target.DEAL, "../up__c", "N", FieldKind.TEXT, ""),
            "- Opportunity.../up__c: no such field; a new one",
        ),
        (
            FieldSpec(Target.CALL, "Velma_Text__c", "N", FieldKind.LONG_TEXT, ""),
            "- Task.Velma_Text__c: activities take no custom long text",
        ),
    ],
)
def test_what_cannot_be_created_is_told_and_left_out(spec: FieldSpec, told: str) -> None:
    (readme,) = export_fields(OPTIONS, [spec])
    assert readme.path == "README.md"
    assert told in readme.text
    assert "README.md" in [file.path for file in export_fields(OPTIONS, [spec, DEAL_TEXT])]
    assert len(export_fields(OPTIONS, [spec, DEAL_TEXT])) == 5


@pytest.mark.parametrize(
    ("name", "fits"),
    [
        ("Velma__c", True),
        (f"{'a' * 40}__c", True),
        (f"{'a' * 41}__c", False),
        ("a__b__c", False),
        ("1a__c", False),
        ("a___c", False),
        ("a b__c", False),
        ("__c", False),
    ],
)
def test_names_are_those_that_an_org_takes(name: str, fits: bool) -> None:
    spec = FieldSpec(Target.DEAL, name, "N", FieldKind.DATE, "")
    assert (obstacle(spec, "Opportunity") == "") is fits
