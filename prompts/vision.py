"""A frozen vision model from transformers in place of the small face network: any hub id or folder."""

from __future__ import annotations

from typing import Any

from torch import Tensor, nn

from prompts.face import FaceConfig


class VisionEncoder(nn.Module):
    """Grey face crops to a vision model's pooled features; it is never trained, only what comes after it."""

    def __init__(self, config: FaceConfig) -> None:
        super().__init__()
        from tts._torchaudio import import_torchaudio

        import_torchaudio()
        from transformers import AutoModel

        self.config = config
        try:
            self.model: Any = AutoModel.from_pretrained(config.model)
        except (OSError, ValueError) as error:
            raise ValueError(f"cannot load the vision model {config.model!r}: {str(error).splitlines()[0]}") from error
        self.model = getattr(self.model, "vision_model", self.model)  # of CLIP and its kin, the half that sees
        width = self.model.config.hidden_size if hasattr(self.model.config, "hidden_size") else None
        if width is not None and width != config.dim:
            raise ValueError(
                f"vision model {config.model!r} has {width} features; set face.dim to {width}, not {config.dim}"
            )
        self.eval().requires_grad_(False)

    def forward(self, crops: Tensor) -> Tensor:
        """Crops (B, size, size), 0 to 255, to features (B, dim)."""
        grey = (crops.float() / 127.5 - 1)[:, None].expand(-1, 3, -1, -1)
        hidden = self.model(pixel_values=grey).last_hidden_state.float()
        return hidden.flatten(2).mean(dim=2) if hidden.ndim == 4 else hidden.mean(dim=1)  # maps or tokens


def make_face_encoder(config: FaceConfig) -> nn.Module:
    """The network that the configuration names."""
    from prompts.face import FaceEncoder

    return VisionEncoder(config) if config.model else FaceEncoder(config)
