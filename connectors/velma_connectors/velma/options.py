"""Settings of the Velma account. Importing this stays cheap: the HTTP library loads with the analyzer."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

from velma_connectors.option_types import BaseUrl, TokenSecret


class VelmaOptions(BaseModel):
    """How Velma is reached, and what it costs."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True, allow_inf_nan=False)

    base_url: BaseUrl = Field(
        default="https://platform.modulate.ai",
        title="Address",
        description="Where the Velma API answers. Plain http is accepted for this machine only.",
    )
    api_key: TokenSecret = Field(title="API key", description="Key of your Modulate organization.")
    read_timeout_seconds: float = Field(
        default=900.0,
        gt=0,
        title="Longest wait for an answer",
        description="Seconds. An analysis takes minutes; giving up too early may leave one paid for twice.",
    )
    price_per_audio_hour: float | None = Field(
        default=None,
        ge=0,
        title="Price per hour of audio",
        description="What your contract says, in your currency; used for estimates only.",
    )
