"""The tables. A change here needs a migration; a test compares the two."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    DateTime,
    Dialect,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    TypeDecorator,
    UniqueConstraint,
)


class Moment(TypeDecorator[datetime]):
    """An aware time, stored in UTC. Refuses naive times."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("the ledger takes aware times only")
        return value.astimezone(UTC)

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


Id = BigInteger().with_variant(Integer, "sqlite")
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

connection = Table(
    "connection",
    metadata,
    Column("name", String, primary_key=True),
    Column("account_id", String),  # the CRM account seen first: another one is refused
    Column("start_at", Moment, nullable=False),
    Column("covered_until", Moment),  # discovery has read everything changed up to here
    Column("retry_at", Moment),  # the CRM asked not to be called before
    Column("paused_at", Moment),
    Column("paused_reason", Text),
    Column("probe_at", Moment),  # when a pause is looked at again; empty: only a person ends it
    Column("faults", Integer, nullable=False, default=0),  # failures of our code since a call was done
)

backfill = Table(
    "backfill",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("connection", String, ForeignKey("connection.name"), nullable=False),
    Column("since", Moment, nullable=False),
    Column("until", Moment, nullable=False),
    Column("max_cost", Float),
    Column("max_hours", Float),  # of audio
    Column("begun_at", Moment, nullable=False),
    Column("stopped_at", Moment),  # nothing more of it is brought in while this is set
    Column("stopped_reason", Text),
)

call = Table(
    "call",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("connection", String, ForeignKey("connection.name"), nullable=False),
    Column("object", String, nullable=False),
    Column("record", String, nullable=False),
    Column("state", String(20), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("state_at", Moment, nullable=False),  # when the call came into its state
    Column("attempts", Integer, nullable=False, default=0),
    Column("resends", Integer, nullable=False, default=0),  # paid requests whose outcome is unknown
    Column("looks", Integer, nullable=False, default=0),  # how often a missing recording was looked for
    Column("owner", String),
    Column("lease_until", Moment),
    Column("sent_at", Moment),  # the intent of the paid request under this lease
    Column("snapshot", Text, nullable=False),  # the Call as JSON
    Column("seen_at", Moment, nullable=False),  # when the CRM told us the snapshot
    Column("fingerprint", String, nullable=False),
    Column("worked_fingerprint", String),  # the fingerprint that was claimed for analysis
    Column("started_at", Moment, nullable=False),
    Column("deal", String),
    Column("stage", String),
    Column("audio_sha256", String(64)),
    Column("config_hash", String(64)),
    Column("failed", Boolean, nullable=False, default=False),  # write-back reports a failure, not an answer
    Column("code", String(40)),  # a stable word for counting
    Column("reason", Text),  # the sentence for the admin
    Column("trace", Text),
    Column("left_out", Text),  # mapped values that were not written, and why, as JSON
    Column("discovered_at", Moment, nullable=False),
    Column("backfill", Id, ForeignKey("backfill.id")),  # empty: found by the daemon itself
    Column("rank", Integer),  # its turn in the backfill, the smallest first
    UniqueConstraint("connection", "object", "record"),
    Index(None, "state", "connection", "due_at", "id"),
    Index(None, "audio_sha256"),
    Index(None, "backfill", "state", "rank"),
)

analysis_config = Table(
    "analysis_config",
    metadata,
    Column("hash", String(64), primary_key=True),
    Column("document", Text, nullable=False),
    Column("first_used_at", Moment, nullable=False),
)

analysis = Table(
    "analysis",
    metadata,
    Column("audio_sha256", String(64), primary_key=True),
    Column("config_hash", String(64), ForeignKey("analysis_config.hash"), primary_key=True),
    Column("analyzer", String, nullable=False),
    Column("answer", LargeBinary, nullable=False),  # zlib
    Column("analyzed_at", Moment, nullable=False),
)

payment = Table(
    "payment",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("call_id", Id, ForeignKey("call.id")),  # empty: a preview paid for it
    Column("audio_sha256", String(64), nullable=False),
    Column("config_hash", String(64), nullable=False),
    Column("audio_seconds", Float),
    Column("sent_at", Moment, nullable=False),
    Column("outcome", String(10), nullable=False),
    Column("finished_at", Moment),
    Column("accepted_at", Moment),  # an operator has seen the unknown billing and allows another request
    Index(None, "audio_sha256", "config_hash"),
    Index(None, "call_id"),
    Index(None, "outcome", "sent_at"),
)

write_unit = Table(
    "write_unit",
    metadata,
    Column("call_id", Id, ForeignKey("call.id"), primary_key=True),
    Column("kind", String(10), primary_key=True),
    Column("object", String, primary_key=True),
    Column("record", String, primary_key=True),
    Column("connection", String, nullable=False),
    Column("state", String(12), nullable=False),
    Column("due_at", Moment, nullable=False),
    Column("attempts", Integer, nullable=False, default=0),
    Column("reason", Text),
    Column("dropped", Text),  # fields that were not written, and why, as JSON
    Column("content", String(64)),  # hash of the note that is known to be in the CRM
    Column("at", Moment, nullable=False),
    Index(None, "connection", "object", "record"),
)

write_history = Table(
    "write_history",
    metadata,
    Column("id", Id, primary_key=True, autoincrement=True),
    Column("call_id", Id, ForeignKey("call.id"), nullable=False),
    Column("connection", String, nullable=False),
    Column("object", String, nullable=False),
    Column("record", String, nullable=False),
    Column("field", String, nullable=False),
    Column("before", Text, nullable=False),
    Column("value", Text, nullable=False),
    Column("mapping_hash", String(64), nullable=False),
    Column("config_hash", String(64)),
    Column("at", Moment, nullable=False),
    Column("outcome", String(10), nullable=False),
    Index(None, "connection", "object", "record", "field", "id"),
)

analyzer = Table(
    "analyzer",
    metadata,
    Column("name", String, primary_key=True),
    Column("limit_now", Integer),  # empty: the configured limit
    Column("limit_at", Moment),
    Column("stop_code", String(20)),  # the breaker: nothing is paid for while this is set
    Column("stop_reason", Text),
    Column("stopped_at", Moment),
    Column("probe_at", Moment),
)

daemon = Table(
    "daemon",
    metadata,
    Column("owner", String, primary_key=True),
    Column("started_at", Moment, nullable=False),
    Column("beat_at", Moment, nullable=False),
    Column("stopped_at", Moment),
)

tick = Table(
    "tick",
    metadata,
    Column("name", String, primary_key=True),
    Column("at", Moment, nullable=False),
    Column("ok", Boolean, nullable=False),
    Column("message", Text),
)

probe = Table(
    "probe",
    metadata,
    Column("connection", String, primary_key=True),
    Column("question", String, primary_key=True),
    Column("answer", String, nullable=False),  # one of few words
    Column("sentence", Text, nullable=False),  # the same for the admin
    Column("mark", String(10), nullable=False),
    Column("at", Moment, nullable=False),
)
