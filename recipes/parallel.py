"""Several processes on one training, by Hugging Face Accelerate.

On GPUs ``accelerate launch --num_processes 4 -m recipes.codec.train --device cuda ...``, on CPUs
``torchrun --nproc_per_node 2 -m recipes.codec.train ...``: ``accelerate launch --cpu`` starts one process whatever
it is asked for, unless there is MPI. A recipe that was started plainly is one process, and nothing here does anything
then.
"""

from __future__ import annotations

import atexit
import os
import time
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn

N_PROCESSES = int(os.environ.get("WORLD_SIZE", "1"))  # what accelerate launch and torchrun set
RANK = int(os.environ.get("RANK", "0"))
IS_MAIN = RANK == 0  # the one that logs and saves


@atexit.register
def _leave() -> None:
    """Close this process's connections before Python ends. torch's threads still let go of the tensors of the last
    exchange then, for which they need Python's lock, and one that asks for it too late aborts the process: closing does
    not wait for them (torch 2.13, once its compiler is imported), so they are given the time.
    """
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        time.sleep(0.5)
        torch.distributed.destroy_process_group()


def process_device(name: str) -> torch.device:
    """The device of this process: ``name``, or where there are several processes and GPUs, a GPU of its own."""
    if N_PROCESSES == 1:
        return torch.device(name)
    from accelerate import PartialState

    found = PartialState(cpu=torch.device(name).type == "cpu").device
    return torch.device("cpu") if found.type == "cpu" else found  # torch.load does not know the "cpu:0" it may be


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
    are returned. A parameter that no process used stays without gradient, so that the optimiser leaves it alone, as in
    one process.
    """
    if N_PROCESSES == 1:
        return list(values)
    from accelerate.utils import reduce

    trained = [p for p in parameters if p.requires_grad]
    used = torch.tensor([p.grad is not None for p in trained], dtype=torch.float32, device=values[0].device)
    gradients = [(torch.zeros_like(p) if p.grad is None else p.grad).flatten().float() for p in trained]
    flat = reduce(torch.cat([*gradients, torch.stack([v.float() for v in values]), used]), "mean")
    *means, averages, used = flat.split([*(p.numel() for p in trained), len(values), len(trained)])
    for p, mean, share in zip(trained, means, used.tolist(), strict=True):
        p.grad = mean.view_as(p).to(p.dtype) if share else None
    return list(averages)
