"""What a key of the configuration may hold, and what all its tables have in common."""

from pathlib import Path
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo

Word = Annotated[str, Field(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
OptionalWord = Annotated[str, Field(pattern=r"^([A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$")]
Port = Annotated[int, Field(ge=1, le=65535)]


def _beside_the_config(path: Path, info: ValidationInfo) -> Path:
    folder: Path = (info.context or {}).get("folder", Path("/"))
    return folder / path


# A relative path means: beside the config file that names it.
FolderPath = Annotated[Path, Field(strict=False), AfterValidator(_beside_the_config)]


def _closed_to_others(mode: int) -> int:
    if mode not in {0o600, 0o660}:
        raise ValueError("must be 0o600 (owner) or 0o660 (owner and group)")
    return mode


SocketMode = Annotated[int, AfterValidator(_closed_to_others), Field(json_schema_extra={"octal": True})]
PlainPath = Annotated[Path, Field(strict=False)]


class Section(BaseModel):
    """One table of the configuration. Unknown keys and values of another type are refused."""

    model_config = ConfigDict(
        frozen=True, extra="forbid", strict=True, allow_inf_nan=False, validate_default=True, str_max_length=4096
    )
