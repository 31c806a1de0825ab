"""Everything that can be known before a call is paid for: one fact a line, and where to mend it."""
