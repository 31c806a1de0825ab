"""The whole trial without credentials: a sandbox, the real daemon, and what a sales leader sees after it."""
