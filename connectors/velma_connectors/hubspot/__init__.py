"""HubSpot: calls, deals and their properties, through hubspot-api-client on date-versioned paths."""
