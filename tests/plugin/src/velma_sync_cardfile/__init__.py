"""Card files as a CRM of velma-sync."""
