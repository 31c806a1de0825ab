"""The fields that the mapping files want: planned, kept as a plan, carried out, or written as files."""

from velma_sync.provisioning.export import Export, export_fields
from velma_sync.provisioning.kept import KeptPlan, keep_plan, read_plan, refuse_stale
from velma_sync.provisioning.plan import (
    Basis,
    ConnectionPlan,
    ConnectionResult,
    Unplanned,
    UnwrittenOptions,
    create_fields,
    plan_connection,
    plan_fields,
)

__all__ = [
    "Basis",
    "ConnectionPlan",
    "ConnectionResult",
    "Export",
    "KeptPlan",
    "Unplanned",
    "UnwrittenOptions",
    "create_fields",
    "export_fields",
    "keep_plan",
    "plan_connection",
    "plan_fields",
    "read_plan",
    "refuse_stale",
]
