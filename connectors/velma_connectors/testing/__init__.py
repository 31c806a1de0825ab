"""Far sides that tests drive: an in-memory CRM, a canned analyzer, a clock that only a test moves."""
