"""facet-tts: say anything, in the style of a voice, a face or a sentence.

>>> from tts import Synthesizer
>>> Synthesizer.from_pretrained().say("Hello.").save("hello.wav")  # doctest: +SKIP
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

# Public names and the modules they come from, imported when first used, so that the command line starts fast.
_PUBLIC = {
    "Synthesizer": "tts.synthesizer",
    "Audio": "tts.audio",
    "Codec": "tts.codec.waveform",
    "Sampling": "tts.lm.generate",
    "Prompt": "prompts.prompt",
    "read_lexicon": "tts.text.lexicon",
}
__all__ = [*_PUBLIC, "__version__"]


def __getattr__(name: str) -> Any:
    if name in _PUBLIC:
        return getattr(import_module(_PUBLIC[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
