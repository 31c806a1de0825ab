"""Sample sales calls: real audio, the scripts behind it, and what a CRM must show of it in the end."""
