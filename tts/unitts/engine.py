"""Continue a prompt with a Qwen2 model: by transformers, or by vLLM where it is installed."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import torch

from tts._torchaudio import import_torchaudio
from tts.lm.generate import Sampling

BACKENDS = ("transformers", "vllm")


class Engine(Protocol):
    """What a UniTTS model needs of a language model."""

    def generate(
        self, prompt: list[int], stops: Sequence[int], sampling: Sampling, max_tokens: int, seed: int
    ) -> list[int]:
        """Token ids that follow ``prompt``, up to and without the first of ``stops`` or to ``max_tokens``."""


def load_language_model(source: str | Path) -> Any:
    """A language model of transformers, by directory or hub id, in the precision it was saved in.

    Raises:
        ValueError: there is none, or its weights are damaged or incomplete.
    """
    import_torchaudio()  # transformers imports it
    from safetensors import SafetensorError
    from transformers import AutoModelForCausalLM
    from transformers.utils import logging

    shown, verbosity = logging.is_progress_bar_enabled(), logging.get_verbosity()
    logging.disable_progress_bar()
    logging.set_verbosity_error()  # what is wrong is raised below, in one line
    try:
        model, found = AutoModelForCausalLM.from_pretrained(source, dtype="auto", output_loading_info=True)
    except SafetensorError as error:
        raise ValueError(f"the weights in {source} are damaged or only half downloaded: {error}") from error
    except (OSError, ValueError, RuntimeError, KeyError) as error:
        raise ValueError(f"cannot load the language model in {source}: {str(error).splitlines()[0]}") from error
    finally:
        logging.set_verbosity(verbosity)
        if shown:
            logging.enable_progress_bar()
    if found["missing_keys"]:  # transformers would go on with random numbers in their place
        raise ValueError(f"the weights in {source} are incomplete: {min(found['missing_keys'])} is missing")
    return model


def load_tokenizer(folder: Path) -> Any:
    """The tokenizer of transformers in a directory. Raises ``ValueError`` when there is none."""
    import_torchaudio()  # transformers imports it
    from transformers import AutoTokenizer

    try:
        return AutoTokenizer.from_pretrained(folder)
    except (OSError, ValueError, KeyError) as error:
        raise ValueError(f"cannot load the tokenizer in {folder}: {str(error).splitlines()[0]}") from error


class TransformersEngine:
    """``transformers.generate`` with nothing but temperature and nucleus sampling."""

    def __init__(self, folder: Path, device: str) -> None:
        self.model = load_language_model(folder).to(device).eval()
        from transformers import GenerationConfig

        self.model.generation_config = GenerationConfig()  # the checkpoint's own may penalise repetition or cut by rank
        self.vocab_size = self.model.get_input_embeddings().num_embeddings

    @torch.inference_mode()
    def generate(
        self, prompt: list[int], stops: Sequence[int], sampling: Sampling, max_tokens: int, seed: int
    ) -> list[int]:
        """See :class:`Engine`."""
        ids = torch.tensor([prompt], device=self.model.device)
        options: dict = {"do_sample": False}
        if sampling.temperature > 0:
            options = {"do_sample": True, "temperature": sampling.temperature, "top_p": sampling.top_p, "top_k": 0}
        devices = [self.model.device] if self.model.device.type == "cuda" else []
        with torch.random.fork_rng(devices):
            torch.manual_seed(seed)
            made = self.model.generate(
                input_ids=ids,
                attention_mask=torch.ones_like(ids),
                max_new_tokens=max_tokens,
                eos_token_id=list(stops),
                pad_token_id=stops[0],
                **options,
            )
        new = made[0, len(prompt) :].tolist()
        return new[:-1] if new and new[-1] in stops else new


class VLLMEngine:
    """vLLM's offline engine."""

    def __init__(self, folder: Path) -> None:
        if find_spec("vllm") is None:
            raise ValueError("the vllm backend needs vLLM: pip install vllm, or take the transformers backend")
        from vllm import LLM

        self.model = LLM(model=str(folder), dtype="auto")
        self.vocab_size = self.model.llm_engine.model_config.get_vocab_size()

    def generate(
        self, prompt: list[int], stops: Sequence[int], sampling: Sampling, max_tokens: int, seed: int
    ) -> list[int]:
        """See :class:`Engine`."""
        from vllm import SamplingParams

        params = SamplingParams(
            temperature=sampling.temperature,
            top_p=sampling.top_p,
            max_tokens=max_tokens,
            stop_token_ids=list(stops),
            seed=seed,
        )
        made = self.model.generate([{"prompt_token_ids": prompt}], params, use_tqdm=False)
        new = list(made[0].outputs[0].token_ids)
        return new[:-1] if new and new[-1] in stops else new


def load_engine(backend: str, folder: Path, device: str) -> TransformersEngine | VLLMEngine:
    """The engine by name. Raises ``ValueError`` when it is unknown, not installed, or the model cannot be loaded."""
    if backend not in BACKENDS:
        raise ValueError(f"unknown backend {backend!r}; it is one of {', '.join(BACKENDS)}")
    return VLLMEngine(folder) if backend == "vllm" else TransformersEngine(folder, device)
