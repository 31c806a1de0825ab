"""What a Salesforce org lets this connection do, and for how long: rights, versions, allowances, limits.

Only reads. Each question stands for itself: one that is refused does not hide the answers of the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date
from typing import Any

from velma_connectors import judgements
from velma_connectors.administration import Diagnosis, Mark
from velma_connectors.errors import RetryLater, Verdict
from velma_connectors.model import FieldSpec, Target
from velma_connectors.salesforce.client import SalesforceClient
from velma_connectors.salesforce.identity import DEAL_OBJECT, ROLE_OBJECT
from velma_connectors.salesforce.options import SalesforceOptions
from velma_connectors.salesforce.schema import definitions, owner
from velma_connectors.salesforce.soql import quoted, select
from velma_connectors.salesforce.verdicts import RequestRefused
from velma_connectors.salesforce.versions import ENDS

ACTIVITY = "Activity"
ACTIVITY_FIELDS = 100
"""Custom fields that Task and Event share (Salesforce, Custom Fields Allowed Per Object)."""
EDITION_FIELDS: Mapping[str, int] = {
    "Professional Edition": 100,
    "Enterprise Edition": 500,
    "Unlimited Edition": 800,
}
"""Custom fields per object by the org's edition (the same page)."""
MOST_NAMED = 3
FEW_LEFT = 5

INTEGRATION_LICENCE = "Salesforce Integration"
INTEGRATION_SET_LICENCE = "SalesforceAPIIntegrationPsl"
"""A user of that license may touch no records without this permission set license."""

_FOR_FIELDS: Mapping[str, str] = {
    "PermissionsCustomizeApplication": "Customize Application",
    "PermissionsManageProfilesPermissionsets": "Manage Profiles and Permission Sets",
    "PermissionsAssignPermissionSets": "Assign Permission Sets",
    "PermissionsViewSetup": "View Setup and Configuration",
}
_OTHER_OBJECTS: Mapping[Target, str] = {
    Target.CONTACT: "Contact",
    Target.LEAD: "Lead",
    Target.ACCOUNT: "Account",
}
_APP = "Setup > External Client App Manager > your app >"
_PLACES: tuple[tuple[str, str], ...] = (
    ("no Run As user", f"{_APP} Policies > OAuth Policies > Client Credentials Flow > Run As."),
    ("pre-authorized", f"{_APP} Policies > OAuth Policies > Permitted Users."),
    ("consumer_key", f"{_APP} Settings > OAuth Settings > Consumer Key and Secret."),
    ("consumer_secret", f"{_APP} Settings > OAuth Settings > Consumer Key and Secret."),
    ("scope", f"{_APP} Settings > OAuth Settings > OAuth Scopes: add 'Manage user data via APIs (api)'."),
    ("API is off", "Setup > Permission Sets > a set of the user > System Permissions > API Enabled."),
    ("API version", "Set 'api_version' of the connection to 66.0."),
    ("refuses the login", "Setup > Users > the user > Login History tells why."),
)
"""Where in Setup a refusal is mended, by words of its message; the first that fits."""


def diagnose(
    client: SalesforceClient, options: SalesforceOptions, specs: Sequence[FieldSpec], today: date
) -> list[Diagnosis]:
    """Everything that can be told. Ends early, with a login that is REFUSED, only when nobody is let in."""
    org = _Org(client, options, specs)
    found: list[Diagnosis] = []
    questions: tuple[tuple[str, Callable[[], Iterable[Diagnosis]]], ...] = (
        ("rights", org.sharing),
        ("rights", org.licenses),
        ("rights", org.objects),
        ("rights", org.roles),
        ("rights", org.call_fields),
        ("rights", org.field_access),
        ("rights", org.creation),
        ("limits", org.limits),
    )
    try:
        _ = client.user_id  # asks for a token
    except Verdict as verdict:
        return [Diagnosis("login", Mark.REFUSED, str(verdict), _place(str(verdict)))]
    for topic, question in questions:
        try:
            found += question()
        except RequestRefused as refusal:
            found.append(Diagnosis(topic, Mark.ADVICE, f"Could not be looked at. {refusal}"))
        except RetryLater as lost:
            found.append(Diagnosis(topic, Mark.REFUSED, f"Could not be looked at. {lost}"))
        except Verdict as verdict:
            return [*found, Diagnosis("login", Mark.REFUSED, str(verdict), _place(str(verdict)))]
    usage = (
        "Setup > System Overview > API Usage tells who uses them; raise 'schedule.poll_minutes' meanwhile."
    )
    raise_it = "Raise 'api_version' of the connection; 66.0 is the default."
    return [
        *found,
        judgements.end_of_life(options.api_version, ENDS, today, raise_it),
        *judgements.allowance(client.budget(), "of the last 24 hours", usage),
        *judgements.clock("Salesforce", client.clock_ahead),
    ]


def _place(message: str) -> str:
    return next((place for words, place in _PLACES if words in message), "")


class _Org:
    """The questions. What several of them need is asked once."""

    def __init__(
        self, client: SalesforceClient, options: SalesforceOptions, specs: Sequence[FieldSpec]
    ) -> None:
        self._client = client
        self._options = options
        self._set = f"Setup > Permission Sets > {options.permission_set.replace('_', ' ')} >"
        others = [_OTHER_OBJECTS[spec.target] for spec in specs if spec.target in _OTHER_OBJECTS]
        self._names = tuple(dict.fromkeys((*options.calls_from, DEAL_OBJECT, *others)))
        self._wanted = [(name, spec.name) for spec in specs for name in self._objects_of(spec.target)]
        self._permissions: Mapping[str, Any] = {}
        self._described: dict[str, Mapping[str, Any]] = {}
        self._missing: list[tuple[str, str]] = []

    def sharing(self) -> Iterable[Diagnosis]:
        columns = ", ".join(("PermissionsViewAllData", *_FOR_FIELDS))
        rows = self._client.query(" ".join(("SELECT", columns, "FROM UserPermissionAccess")))
        self._permissions = rows[0] if rows else {}
        if self._permissions.get("PermissionsViewAllData"):
            yield Diagnosis("rights", Mark.OK, "The user sees all calls and deals (View All Data).")
            return
        sentence = "The user sees only calls and deals that are shared with it: it lacks View All Data."
        remedy = f"{self._set} System Permissions > View All Data, or share the records with the user."
        yield Diagnosis("rights", Mark.ADVICE, sentence, remedy)

    def licenses(self) -> Iterable[Diagnosis]:
        user_id = quoted(self._client.user_id)
        users = self._client.query(select(("Profile.UserLicense.Name",), "User", f"Id = {user_id}"))
        license = _inner(users[0] if users else {}, "Profile", "UserLicense").get("Name")
        if not license:
            return
        column = "PermissionSetLicense.DeveloperName"
        rows = self._client.query(select((column,), "PermissionSetLicenseAssign", f"AssigneeId = {user_id}"))
        held = {_inner(row, "PermissionSetLicense").get("DeveloperName") for row in rows}
        if license == INTEGRATION_LICENCE and INTEGRATION_SET_LICENCE not in held:
            sentence = f"The user has the license {license}, but no permission set license to reach records."
            remedy = (
                "Setup > Users > the user > Permission Set License Assignments > Edit Assignments > "
                "Salesforce API Integration."
            )
            yield Diagnosis("rights", Mark.PROBLEM, sentence, remedy)
        else:
            yield Diagnosis("rights", Mark.OK, f"The user's license is {license}.")

    def objects(self) -> Iterable[Diagnosis]:
        sound = True
        for name in self._names:
            try:
                lacking = self._lacking(name)
            except RetryLater as lost:
                sound = False
                yield Diagnosis("rights", Mark.REFUSED, f"{name} could not be looked at. {lost}")
                continue
            if lacking:
                sound = False
                sentence = f"{name}: the user lacks {' and '.join(lacking)} access to the object."
                remedy = f"{self._set} Object Settings > {name} > {' and '.join(lacking)}."
                yield Diagnosis("rights", Mark.PROBLEM, sentence, remedy)
        if sound:
            yield Diagnosis("rights", Mark.OK, f"The user may read and edit {', '.join(self._names)}.")

    def roles(self) -> Iterable[Diagnosis]:
        """Whether the open deals of a call's contacts can be found."""
        wanted = self._options.deal_candidates and DEAL_OBJECT in self._described
        if wanted and "Read" in self._lacking(ROLE_OBJECT):
            sentence = (
                f"{ROLE_OBJECT}: the user lacks Read access, so calls are found without the open deals of "
                "their contacts."
            )
            remedy = f"{self._set} Object Settings > Contact > Read, or turn 'deal_candidates' off."
            yield Diagnosis("rights", Mark.PROBLEM, sentence, remedy)

    def call_fields(self) -> Iterable[Diagnosis]:
        """The fields that the options name."""
        options = self._options
        named = [("recording_fields", field) for field in options.recording_fields]
        named += [("start_field", options.start_field)] if options.start_field else []
        for name in options.calls_from:
            fields = self._fields(name) if name in self._described else {}
            for option, field in named if fields else ():
                place = f"Setup > Object Manager > {owner(name)} > Fields & Relationships"
                if field not in fields:
                    sentence = f"{name}.{field}: no such field, or hidden from the user."
                    remedy = (
                        f"{place} > {field} > Set Field-Level Security, or correct '{option}' of the "
                        "connection."
                    )
                    yield Diagnosis("rights", Mark.PROBLEM, sentence, remedy)
                elif option == "start_field" and fields[field]["type"] != "datetime":
                    sentence = (
                        f"{name}.{field} is no Date/Time field, so the start of a call is derived from when "
                        "it was saved."
                    )
                    remedy = f"Have 'start_field' name a Date/Time field of {place}, or leave it out."
                    yield Diagnosis("rights", Mark.PROBLEM, sentence, remedy)

    def field_access(self) -> Iterable[Diagnosis]:
        """Mapped fields that exist, but are closed to the user."""
        wanted = [(name, field) for name, field in self._wanted if name in self._described]
        unseen = [(name, field) for name, field in wanted if field not in self._fields(name)]
        defined = definitions(self._client, unseen)
        hidden = [pair for pair in unseen if (owner(pair[0]), pair[1]) in defined]
        self._missing = [pair for pair in unseen if pair not in hidden and pair[1].endswith("__c")]
        closed = [
            (name, field)
            for name, field in wanted
            if field in self._fields(name) and _only_lacks_access(self._fields(name)[field])
        ]
        for state, pairs in (("exist but are hidden from", hidden), ("may not be edited by", closed)):
            for name in dict.fromkeys(name for name, _ in pairs):
                yield self._closed(state, name, [field for each, field in pairs if each == name])

    def creation(self) -> Iterable[Diagnosis]:
        """Whether `provision` could do its work; nothing when there is none, for then it needs no rights."""
        if not self._missing:
            return
        lacking = [name for column, name in _FOR_FIELDS.items() if not self._permissions.get(column)]
        if not lacking:
            yield Diagnosis("rights", Mark.OK, "The user may create the fields that are missing.")
            return
        sentence = f"The user may not create the fields that are missing: it lacks {', '.join(lacking)}."
        remedy = (
            f"{self._set} System Permissions, for as long as velma-sync provision takes, or deploy what "
            "velma-sync provision --export writes."
        )
        yield Diagnosis("rights", Mark.PROBLEM, sentence, remedy)

    def limits(self) -> Iterable[Diagnosis]:
        orgs = self._client.query(
            select(("OrganizationType",), "Organization", f"Id = {quoted(self._client.org_id)}")
        )
        of_edition = EDITION_FIELDS.get(orgs[0]["OrganizationType"] if orgs else "")
        for entity in dict.fromkeys(owner(name) for name in self._names):
            most = ACTIVITY_FIELDS if entity == ACTIVITY else of_edition
            where = f"TableEnumOrId = {quoted(entity)}"
            used = len(self._client.tooling_query(select(("Id",), "CustomField", where)))
            wanted = len({field for name, field in self._missing if owner(name) == entity})
            yield _room(entity, used, most, wanted)

    def _objects_of(self, target: Target) -> tuple[str, ...]:
        if target is Target.CALL:
            return self._options.calls_from
        return (DEAL_OBJECT,) if target is Target.DEAL else (_OTHER_OBJECTS[target],)

    def _lacking(self, name: str) -> list[str]:
        try:
            described = self._client.get(f"sobjects/{name}/describe")
        except RequestRefused:
            return ["Read", "Edit"]
        self._described[name] = described
        return ["Edit"] if not described.get("updateable") else []

    def _fields(self, name: str) -> dict[str, Mapping[str, Any]]:
        return {entry["name"]: entry for entry in self._described[name]["fields"]}

    def _closed(self, state: str, name: str, fields: Sequence[str]) -> Diagnosis:
        more = f" and {len(fields) - MOST_NAMED} more" if len(fields) > MOST_NAMED else ""
        sentence = f"{name}: {', '.join(fields[:MOST_NAMED])}{more} {state} the user (field-level security)."
        remedy = (
            f"velma-sync provision --apply grants access; or {self._set} Object Settings > {name} > Field "
            "Permissions > Edit Access."
        )
        about = tuple(f"{name}.{field}" for field in fields)
        return Diagnosis("rights", Mark.PROBLEM, sentence, remedy, fields=about)


def _only_lacks_access(entry: Mapping[str, Any]) -> bool:
    made_by_hand = entry["custom"] and not entry.get("calculated") and not entry.get("autoNumber")
    return bool(made_by_hand) and not entry["updateable"]


def _inner(row: Mapping[str, Any], *names: str) -> Mapping[str, Any]:
    """The record at the end of relationships, any of which may be empty."""
    for name in names:
        row = row.get(name) or {}
    return row


def _room(entity: str, used: int, most: int | None, wanted: int) -> Diagnosis:
    if most is None:
        return Diagnosis("limits", Mark.OK, f"{entity} has {used} custom fields.")
    sentence = f"{entity} has {used} of at most {most} custom fields."
    if wanted:
        sentence = f"{entity} has {used} of at most {most} custom fields, and {wanted} more to be made."
    left = most - used - wanted
    remedy = (
        f"Setup > Object Manager > {entity} > Fields & Relationships: delete unused fields, or map fewer."
    )
    if left < 0:
        return Diagnosis("limits", Mark.PROBLEM, sentence, remedy)
    if left < FEW_LEFT:
        return Diagnosis("limits", Mark.ADVICE, sentence, remedy)
    return Diagnosis("limits", Mark.OK, sentence)
