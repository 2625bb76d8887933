"""Models from the Hugging Face hub."""

from __future__ import annotations

from pathlib import Path

# Weights, configurations and tokenizers; of UniTTS models also the template, the DistilCodec and the reference.
FILES = ("*.yaml", "*.safetensors", "MODEL_CARD.md", "*.json", "*.txt", "g_????????", "*.wav", "*.flac")


def download(repository: str) -> Path:
    """Download (once) a model repository and return its local directory. Raises ``ValueError`` when that fails."""
    from huggingface_hub import snapshot_download

    try:
        return Path(snapshot_download(repository, allow_patterns=list(FILES)))
    except Exception as error:  # the hub library raises many kinds, from offline to not found
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise ValueError(f"cannot get model {repository!r} from the hub: {reason}") from error
