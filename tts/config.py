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
    """Build dataclass ``cls`` from ``values``.

    Nested dataclasses are built from nested dicts, lists become tuples where the field is a tuple; a field of type
    ``X | None`` may be null.

    Raises:
        ValueError: an unknown key (with the valid ones), or a value of another type.
    """
    where = where or cls.__name__
    if not isinstance(values, dict):
        raise ValueError(f"{where}: a mapping is expected, not {values!r}")
    fields = {f.name: f for f in dataclasses.fields(cls)}  # type: ignore[arg-type]
    hints = typing.get_type_hints(cls)
    unknown = sorted(set(values) - set(fields))
    if unknown:
        raise ValueError(f"{where}: unknown key {unknown[0]!r}; valid keys are {', '.join(sorted(fields))}")
    built = {name: _of_type(hints[name], value, f"{where}.{name}") for name, value in values.items()}
    try:
        return cls(**built)
    except TypeError as error:
        raise ValueError(f"{where}: {error}") from error


def _of_type(hint: Any, value: Any, where: str) -> Any:
    """``value`` as a field of type ``hint`` has it."""
    inner = typing.get_args(hint)
    if type(None) in inner:
        return None if value is None else _of_type(inner[0], value, where)
    if dataclasses.is_dataclass(hint):
        return from_dict(typing.cast(type, hint), value, where)
    if typing.get_origin(hint) is tuple:
        if not isinstance(value, (list, tuple)):
            raise ValueError(f"{where}: a list expected, not {value!r}")
        kinds = inner[:1] * len(value) if inner[-1] is Ellipsis else inner
        if len(kinds) != len(value):
            raise ValueError(f"{where}: {len(kinds)} values expected, not {value!r}")
        return tuple(_of_type(kind, v, where) for kind, v in zip(kinds, value, strict=True))
    number = isinstance(value, int) and not isinstance(value, bool)
    if hint is float and number:
        return float(value)
    if isinstance(hint, type) and (not isinstance(value, hint) or (hint is int and not number)):
        raise ValueError(f"{where}: {hint.__name__} expected, not {value!r}")
    return value


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
