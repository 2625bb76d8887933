"""Several processes on one training, by Hugging Face Accelerate.

On GPUs ``accelerate launch --num_processes 4 -m recipes.codec.train --device cuda ...``, on CPUs
``torchrun --nproc_per_node 2 -m recipes.codec.train ...``: ``accelerate launch --cpu`` starts one process whatever
it is asked for, unless there is MPI. A recipe that was started plainly is one process, and nothing here does anything
then.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

N_PROCESSES = int(os.environ.get("WORLD_SIZE", "1"))  # what accelerate launch and torchrun set
RANK = int(os.environ.get("RANK", "0"))
IS_MAIN = RANK == 0  # the one that logs and saves


def process_device(name: str) -> torch.device:
    """The device of this process: ``name``, or where there are several processes and GPUs, a GPU of its own."""
    if N_PROCESSES == 1:
        return torch.device(name)
    from accelerate import PartialState

    return PartialState(cpu=torch.device(name).type == "cpu").device


def share_state(module: nn.Module) -> None:
    """Give every process the main one's parameters and buffers."""
    if N_PROCESSES > 1:
        from accelerate.utils import broadcast

        with torch.no_grad():
            for tensor in module.state_dict().values():
                tensor.copy_(broadcast(tensor.clone()))


def gather(x: Tensor) -> Tensor:
    """(N, ...) of every process, in their order, as (N * processes, ...)."""
    if N_PROCESSES == 1:
        return x
    from accelerate.utils import gather as gather_all

    return gather_all(x.contiguous())


def average_gradients(parameters: Iterable[nn.Parameter], values: Sequence[Tensor]) -> list[Tensor]:
    """Average the gradients over the processes in place, in one exchange with ``values`` (scalars), whose averages
    are returned.
    """
    if N_PROCESSES == 1:
        return list(values)
    from accelerate.utils import reduce

    trained = [p for p in parameters if p.requires_grad]
    for p in trained:
        p.grad = torch.zeros_like(p) if p.grad is None else p.grad
    flat = torch.cat([*(p.grad.flatten().float() for p in trained), torch.stack([v.float() for v in values])])
    flat = reduce(flat, "mean")
    parts = flat.split([*(p.numel() for p in trained), len(values)])
    for p, mean in zip(trained, parts, strict=False):
        p.grad.copy_(mean.view_as(p))
    return list(parts[-1])
