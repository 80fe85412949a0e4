"""Settings: read once at start, frozen, handed down. The docs are made from the descriptions."""

import base64
import os
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Any, Literal

import platformdirs
from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import (
    BaseSettings,
    NoDecode,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    TomlConfigSettingsSource,
)

WHSEC = "whsec_"
"""How a secret of the Standard Webhooks begins, before its Base64."""


class PriceSetting(BaseModel):
    """US dollars per million tokens; `request` and `tool_call` are US dollars for each."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    input: Decimal = Field(ge=0, le=100_000, decimal_places=9)
    output: Decimal = Field(ge=0, le=100_000, decimal_places=9)
    cached_input: Decimal | None = Field(default=None, ge=0, le=100_000, decimal_places=9)
    cache_write: Decimal | None = Field(default=None, ge=0, le=100_000, decimal_places=9)
    reasoning: Decimal | None = Field(default=None, ge=0, le=100_000, decimal_places=9)
    request: Decimal = Field(default=Decimal(0), ge=0, le=1_000, decimal_places=9)
    tool_call: Decimal = Field(default=Decimal(0), ge=0, le=1_000, decimal_places=9)


class ModelSetting(BaseModel):
    """A model that the operator lists for a provider."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: str = Field(min_length=1, max_length=200)
    context_window: int | None = Field(default=None, ge=256)
    max_output_tokens: int | None = Field(default=None, ge=1)
    price: PriceSetting | None = None
    capabilities: frozenset[Literal["structured_outputs", "tools", "json_mode", "reasoning"]] = (
        frozenset()
    )


class ProviderSetting(BaseModel):
    """A model server that the operator adds."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    kind: Literal["openai"] = "openai"
    base_url: str = Field(pattern=r"^https?://[^\s]+$")
    api_key: SecretStr | None = None
    models: list[ModelSetting] | None = None
    any_model: bool = False
    cache_control: bool = False

    @field_validator("models", mode="before")
    @classmethod
    def _names_are_models(cls, value: Any) -> Any:
        if isinstance(value, list):
            return [{"id": item} if isinstance(item, str) else item for item in value]
        return value


def default_data_dir() -> Path:
    """Return the platform's user data directory; root's home is closed to PostgreSQL's user."""
    if hasattr(os, "geteuid") and os.geteuid() == 0:
        return Path("/var/lib/pantheon")
    return Path(platformdirs.user_data_dir("pantheon"))


class Settings(BaseSettings):
    """Everything an operator can set, as `PANTHEON_…`, in `.env` or in `pantheon.toml`."""

    model_config = SettingsConfigDict(
        env_prefix="PANTHEON_",
        env_file=".env",
        extra="ignore",
        frozen=True,
    )

    data_dir: Path = Field(
        default_factory=default_data_dir,
        description="Where the embedded database, the configuration and the keys live.",
    )
    database_url: str | None = Field(
        default=None,
        description="A PostgreSQL server (15 or newer) instead of the embedded one.",
    )
    pg_bin: Path | None = Field(
        default=None, description="Folder of other PostgreSQL binaries for the embedded server."
    )
    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=8340, ge=0, le=65535, description="Port to listen on.")
    public_url: str | None = Field(default=None, description="The URL under which people see it.")
    allowed_hosts: Annotated[tuple[str, ...], NoDecode] = Field(
        default=(), description="Host names to answer to, beside loopback; comma-separated."
    )
    worker_concurrency: int = Field(
        default=32, ge=1, le=1000, description="Turns that one process runs at once."
    )
    lease_seconds: float = Field(
        default=30, ge=0.2, le=3600, description="How long a worker owns a turn without renewing."
    )
    grace_seconds: float = Field(
        default=20, ge=0, le=3600, description="How long a stopping worker lets calls finish."
    )
    billing: Literal["off", "warn", "enforce"] = Field(
        default="off", description="What a new database starts with; then the switch there counts."
    )
    stripe_secret_key: SecretStr | None = Field(
        default=None, description="Stripe's API key, for top-ups of wallets; unset: none."
    )
    stripe_webhook_secret: SecretStr | None = Field(
        default=None,
        description="What Stripe signs its webhooks with; they go to `/api/v1/webhooks/stripe`.",
    )
    stripe_api_url: str = Field(
        default="https://api.stripe.com",
        pattern=r"^https?://[^\s]+$",
        description="Where Stripe's API is; another one for trials.",
    )
    webhook_url: str | None = Field(
        default=None,
        pattern=r"^https?://[^\s]+$",
        description="Where a wallet's low balance is told to; unset: nowhere.",
    )
    webhook_secret: SecretStr | None = Field(
        default=None,
        description="What those messages are signed with; see docs/payments.md.",
    )
    turns_per_minute: int | None = Field(
        default=None, ge=1, le=6_000, description="Turns that each user may begin; unset: any."
    )
    turns_per_hour: int | None = Field(
        default=None, ge=1, le=60_000, description="Turns that each user may begin; unset: any."
    )
    workspace_turns_per_minute: int | None = Field(
        default=None, ge=1, le=6_000, description="Turns that each workspace may begin; unset: any."
    )
    workspace_turns_per_hour: int | None = Field(
        default=None,
        ge=1,
        le=60_000,
        description="Turns that each workspace may begin; unset: any.",
    )
    turns_at_once: int | None = Field(
        default=None,
        ge=1,
        le=1000,
        description="Turns of one user that run side by side, the others wait; unset: any.",
    )
    title_model: str | None = Field(
        default=None,
        description="Model that names a session after its first turn; unset: the first words.",
    )
    summary_model: str | None = Field(
        default=None, description="Model that summarises; unset: the agent's own."
    )
    allow_memory_checkpoints: bool = Field(
        default=False, description="Run without durable checkpoints. For trials only."
    )
    key_file: Path | None = Field(
        default=None,
        description=(
            "File with the key that encrypts provider keys entered in the page; unset: `secret.key`"
            " in the data directory. All processes of a database need the same one."
        ),
    )
    local_model: Path | None = Field(
        default=None, description="A GGUF file for `local/…` instead of the packaged small model."
    )
    providers: dict[str, ProviderSetting] = Field(
        default_factory=dict, description="Model servers by name; see docs/providers.md."
    )

    @property
    def key_path(self) -> Path:
        """Where the key lies that encrypts provider keys."""
        return self.key_file or self.data_dir / "secret.key"

    @field_validator("allowed_hosts", mode="before")
    @classmethod
    def _split_hosts(cls, value: Any) -> Any:
        if isinstance(value, str):
            return tuple(part.strip() for part in value.split(",") if part.strip())
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _is_a_secret(cls, value: SecretStr | None) -> SecretStr | None:
        if value is not None and value.get_secret_value().startswith(WHSEC):
            try:
                base64.b64decode(value.get_secret_value().removeprefix(WHSEC), validate=True)
            except ValueError as error:
                raise ValueError(f"after '{WHSEC}' comes Base64") from error
        return value

    @field_validator("providers")
    @classmethod
    def _provider_names(cls, value: dict[str, ProviderSetting]) -> dict[str, ProviderSetting]:
        for name in value:
            if not name.replace("-", "").replace("_", "").isalnum() or name in {"demo", "local"}:
                raise ValueError(
                    f"'{name}' cannot name a provider: use letters, digits, - and _,"
                    " and neither 'demo' nor 'local'"
                )
        return value

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Order: command line, environment, `.env`, `pantheon.toml`, defaults."""
        chosen = init_settings().get("data_dir") or env_settings().get("data_dir")
        chosen = chosen or dotenv_settings().get("data_dir") or default_data_dir()
        toml = TomlConfigSettingsSource(settings_cls, Path(chosen) / "pantheon.toml")
        return init_settings, env_settings, dotenv_settings, toml, file_secret_settings
