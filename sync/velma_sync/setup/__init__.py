"""From credentials to a configuration: what is still to be asked, what an account speaks for, the files."""
