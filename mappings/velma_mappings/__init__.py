"""Pure rules: from an analysis to a report, from a report to updates. No network, clock, disk or SQL."""
