"""Settings of the Velma account. Importing this stays cheap: the HTTP library loads with the analyzer."""

from __future__ import annotations

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from velma_connectors.url import Url, is_loopback

_HEADER_TEXT = re.compile(r"[\x21-\x7e]+")


def _base_url(text: str) -> str:
    url = Url.parse(text)
    if url.scheme != "https" and not is_loopback(url.host):
        raise ValueError("must begin with https:// (plain http only reaches this machine)")
    if "?" in url.target:
        raise ValueError("must not have a query")
    return f"{url.origin}{url.target}".rstrip("/")


def _api_key(secret: SecretStr) -> SecretStr:
    key = secret.get_secret_value().strip()
    if not _HEADER_TEXT.fullmatch(key):
        raise ValueError("is empty or holds characters that no API key has")
    return SecretStr(key)


class VelmaOptions(BaseModel):
    """How Velma is reached, and what it costs."""

    model_config = ConfigDict(extra="forbid", frozen=True, hide_input_in_errors=True)

    base_url: Annotated[str, AfterValidator(_base_url)] = Field(
        default="https://platform.modulate.ai",
        title="Address",
        description="Where the Velma API answers. Plain http is accepted for this machine only.",
    )
    api_key: Annotated[SecretStr, AfterValidator(_api_key)] = Field(
        title="API key", description="Key of your Modulate organisation."
    )
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
