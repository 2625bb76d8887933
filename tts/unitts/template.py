"""The chat that asks for speech: its wording belongs to the checkpoint and is read from a file.

In the file, ``{content}`` stands for the text to speak, ``{example_text}`` for what the reference says and
``{example_voice}`` for its audio tokens; these are the names in which UniTTS's own templates are published.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PLACES = re.compile(r"\{(content|example_text|example_voice)\}")
_CONTROL = re.compile(r"<\|[^|<>]*\|>")


@dataclass(frozen=True)
class Template:
    """A chat with places for text and reference."""

    wording: str

    @classmethod
    def read(cls, path: Path) -> Template:
        """Read a template file. Raises ``ValueError`` when it is missing or has no place for the text."""
        try:
            wording = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ValueError(f"cannot read the prompt template {path}: {error}") from error
        if "content" not in _PLACES.findall(wording):
            raise ValueError(f"{path} is not a prompt template: there is no {{content}} in it")
        return cls(wording)

    @property
    def needs_reference(self) -> bool:
        """Whether there is a place for a reference's audio."""
        return "example_voice" in _PLACES.findall(self.wording)

    def fill(self, text: str, reference_text: str, reference_audio: str) -> str:
        """The prompt. Raises ``ValueError`` when a text would be read as control tokens."""
        check_text(text)
        check_text(reference_text)
        values = {"content": text, "example_text": reference_text, "example_voice": reference_audio}
        return _PLACES.sub(lambda place: values[place.group(1)], self.wording)

    def ids(self, tokenizer: Any, text: str, reference_text: str, reference_audio: str) -> list[int]:
        """Token ids of the prompt. Raises ``ValueError`` as :meth:`fill`."""
        return tokenizer(self.fill(text, reference_text, reference_audio), add_special_tokens=False)["input_ids"]


def check_text(text: str) -> None:
    """Raise ``ValueError`` when a text would be read as control tokens."""
    control = _CONTROL.search(text)
    if control:
        raise ValueError(f"{control.group()} in the text would be read as a control token; leave it out")
