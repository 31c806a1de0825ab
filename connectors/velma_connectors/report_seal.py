"""How a report that we made is told from all that people make: a seal over its name.

Whoever copies or renames a report keeps the seal with another name, and the report is theirs.
"""

from __future__ import annotations

from hashlib import sha256

DIGITS = 6


def seal(name: str) -> str:
    """Words that stand beside a name of ours: `velma-sync 1f0c9a`."""
    return f"velma-sync {sha256(name.encode()).hexdigest()[:DIGITS]}"


def sealed(name: str) -> str:
    """A name that carries its own seal, for what has no description: `Deals (velma-sync 1f0c9a)`."""
    return f"{name} ({seal(name)})"


def carries_own_seal(text: str) -> bool:
    """Whether `sealed` made this name."""
    name, _, _ = text.rpartition(" (")
    return bool(name) and sealed(name) == text
