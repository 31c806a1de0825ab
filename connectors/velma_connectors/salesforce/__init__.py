"""Salesforce: calls logged as Task or Event, deals as Opportunity, notes inside the call's Description."""
