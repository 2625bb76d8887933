"""Configurations: frozen dataclasses, read from YAML by one strict loader."""

from __future__ import annotations

import dataclasses
import typing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml

T = TypeVar("T")


@dataclass(frozen=True)
class AudioConfig:
    """The mel contract that every stage shares: that of ``charactr/vocos-mel-24khz``."""

    sample_rate: int = 24000
    n_fft: int = 1024
    hop_length: int = 256
    n_mels: int = 100
    log_floor: float = 1e-7

    @property
    def mel_rate(self) -> float:
        """Mel frames per second (93.75 by default)."""
        return self.sample_rate / self.hop_length


AUDIO = AudioConfig()


def from_dict(cls: type[T], values: dict[str, Any], where: str = "") -> T:
    """Build dataclass ``cls`` from ``values``; unknown keys raise ``ValueError`` with the valid names.

    Nested dataclasses are built from nested dicts, lists become tuples where the field is a tuple; a field of type
    ``X | None`` may be null.
    """
    where = where or cls.__name__
    if not isinstance(values, dict):
        raise ValueError(f"{where}: a mapping is expected, not {values!r}")
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ValueError(f"{where}: unknown key {unknown[0]!r}; valid keys are {', '.join(sorted(fields))}")
    built: dict[str, Any] = {}
    for name, value in values.items():
        hint = hints[name]
        if type(None) in typing.get_args(hint):
            hint = typing.get_args(hint)[0] if value is not None else type(None)
        if dataclasses.is_dataclass(hint):
            value = from_dict(typing.cast(type, hint), value, f"{where}.{name}")
        elif typing.get_origin(hint) is tuple and isinstance(value, list):
            value = tuple(value)
        elif hint is float and isinstance(value, int) and not isinstance(value, bool):
            value = float(value)
        elif isinstance(hint, type) and not isinstance(value, hint):
            raise ValueError(f"{where}.{name}: {hint.__name__} expected, not {value!r}")
        built[name] = value
    try:
        return cls(**built)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error


def load_yaml(path: str | Path) -> dict[str, Any]:
    """Read a YAML mapping. Raises ``ValueError`` naming the file when it is missing or not a mapping."""
    path = Path(path)
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ValueError(f"no such configuration file: {path}") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ValueError(f"{path} is not valid YAML: {str(error).splitlines()[0]}") from error
    if not isinstance(values, dict):
        raise ValueError(f"{path}: a YAML mapping is expected, not {type(values).__name__}")
    return values


def load_config(cls: type[T], path: str | Path) -> T:
    """Read ``path`` strictly into dataclass ``cls``."""
    return from_dict(cls, load_yaml(path), str(path))
