"""Time, disk and threads: configuration, the ledger, the pipeline, the schedule and the command line."""
