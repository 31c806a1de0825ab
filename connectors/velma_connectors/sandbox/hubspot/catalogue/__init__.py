"""The properties that HubSpot defines itself, as far as integrations of calls meet them."""

from velma_connectors.sandbox.hubspot.catalogue.activities import CALL_PROPERTIES, NOTE_PROPERTIES
from velma_connectors.sandbox.hubspot.catalogue.parties import COMPANY_PROPERTIES, CONTACT_PROPERTIES
from velma_connectors.sandbox.hubspot.catalogue.sales import DEAL_PROPERTIES
from velma_connectors.sandbox.hubspot.definitions import Definition, Group, ObjectSchema

_SYSTEM = {
    "calls": CALL_PROPERTIES,
    "notes": NOTE_PROPERTIES,
    "deals": DEAL_PROPERTIES,
    "contacts": CONTACT_PROPERTIES,
    "companies": COMPANY_PROPERTIES,
}


def fresh_schemas() -> dict[str, ObjectSchema]:
    """The schema of a new portal, by object."""
    return {name: _schema(properties) for name, properties in _SYSTEM.items()}


def _schema(properties: tuple[Definition, ...]) -> ObjectSchema:
    groups = sorted({each.group for each in properties})
    return ObjectSchema(
        {each.name: each for each in properties},
        {name: Group(name, name.replace("_", " ").capitalize()) for name in groups},
    )
