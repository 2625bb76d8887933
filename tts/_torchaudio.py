"""Import torchaudio on machines where its compiled extension cannot be loaded.

The torchaudio wheels of the package index link against CUDA; beside a CPU-only torch, loading the extension fails
although nothing here needs it (mel filter banks are plain Python). Only when the import fails for that reason, the
extension module is replaced by a stub that says "not available", and torchaudio is imported again.

Everything in this project that needs torchaudio, or a package that imports it (vocos, transformers), calls
:func:`import_torchaudio` first.
"""

from __future__ import annotations

import sys
from types import ModuleType


def import_torchaudio() -> ModuleType:
    """Return the ``torchaudio`` module, with a stub for its extension where the extension does not load."""
    try:
        import torchaudio
    except OSError:
        for name in [n for n in sys.modules if n == "torchaudio" or n.startswith("torchaudio.")]:
            del sys.modules[name]
        stub = ModuleType("torchaudio._extension")
        stub._IS_TORCHAUDIO_EXT_AVAILABLE = False  # type: ignore[attr-defined]
        stub.fail_if_no_align = lambda function: function  # type: ignore[attr-defined]
        sys.modules["torchaudio._extension"] = stub
        import torchaudio
    return torchaudio
