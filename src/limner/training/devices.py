"""Where it learns: a processor, a GPU, or several processes that torchrun started together."""

import atexit
from collections.abc import Sequence
from importlib import import_module
from typing import final

import torch
from torch import Tensor, distributed, nn

from limner.errors import BadConfig

__all__ = ["Team", "gathered", "is_foremost"]


@final
class Team:
    """The processes that learn together, and this one among them.

    Parameters
    ----------
    device
        Where this one computes.
    rank, world
        Its number, and how many there are. The first, 0, examines, writes and reports.
    """

    def __init__(self, device: torch.device, *, rank: int = 0, world: int = 1) -> None:
        self.device, self.rank, self.world = device, rank, world

    @property
    def gpus(self) -> list[int]:
        """The GPU of this process, if it has one."""
        return [self.device.index] if self.device.type == "cuda" else []

    def add_up(self, parameters: Sequence[nn.Parameter], loss: Tensor) -> Tensor:
        """Make every gradient its sum over all processes; return the sum of the losses.

        A weight without a gradient in all of them has none afterwards either.
        """
        if self.world == 1:
            return loss
        flags = [float(each.grad is not None) for each in parameters]
        told = torch.cat([loss.double().reshape(1), torch.tensor(flags).to(loss).double()])
        distributed.all_reduce(told)
        seen = [
            each for each, count in zip(parameters, told[1:].tolist(), strict=True) if count > 0
        ]
        for dtype in dict.fromkeys(each.dtype for each in seen):
            alike = [each for each in seen if each.dtype == dtype]
            flat = torch.cat([_gradient(each).reshape(-1) for each in alike])
            distributed.all_reduce(flat)
            for each, part in zip(
                alike, torch.split(flat, [p.numel() for p in alike]), strict=True
            ):
                each.grad = part.view_as(each)
        return told[0]

    def align(self, tensors: Sequence[Tensor]) -> None:
        """Make tensors in every process what they are in the first."""
        if self.world > 1:
            for each in tensors:
                distributed.broadcast(each, 0)

    def share(self, data: bytes) -> bytes:
        """Return the bytes of the first process, in every one."""
        if self.world == 1:
            return data
        size = torch.tensor([len(data)], device=self.device)
        distributed.broadcast(size, 0)
        if self.rank == 0:
            sent = torch.frombuffer(bytearray(data), dtype=torch.uint8).to(self.device)
        else:
            sent = torch.empty(int(size), dtype=torch.uint8, device=self.device)
        distributed.broadcast(sent, 0)
        return sent.cpu().numpy().tobytes()

    def agree(self, value: float | None) -> float | None:
        """Return the number of the first process, or its None, in every one."""
        if self.world == 1:
            return value
        pair = [0.0, 0.0] if value is None else [1.0, value]
        told = torch.tensor(pair, dtype=torch.float64, device=self.device)
        distributed.broadcast(told, 0)
        there, number = told.tolist()
        return number if there else None


def gathered(wish: str) -> Team:
    """Find the device, and the other processes if torchrun started this one.

    Parameters
    ----------
    wish
        ``auto``, ``cpu``, ``cuda`` or ``cuda:1``; several processes take a GPU each.

    Raises
    ------
    BadConfig
        If a GPU is wished for that is not there.
    """
    if not _is_one_of_many():
        return Team(_device(wish, place=0))
    device = _device(wish, place=distributed.get_node_local_rank(fallback_rank=0))
    return Team(device, rank=distributed.get_rank(), world=distributed.get_world_size())


def is_foremost() -> bool:
    """Whether this process is the one that writes and reports; without torchrun it always is."""
    return not _is_one_of_many() or distributed.get_rank() == 0


def _is_one_of_many() -> bool:
    """Join the others at the first call, until the process ends: Gloo on processors, NCCL on GPUs.

    Whoever left and joined again might meet what the others said before.
    """
    if distributed.is_torchelastic_launched() and not distributed.is_initialized():
        # Optimisers import this module at their first step. Imported once a group is there, its
        # functions' defaults hold the group, whose threads then outlive the interpreter and abort.
        import_module("torch.distributed.nn.functional")
        distributed.init_process_group()
        atexit.register(distributed.destroy_process_group)
    return distributed.is_initialized()


def _device(wish: str, *, place: int) -> torch.device:
    there = torch.cuda.device_count() if torch.cuda.is_available() else 0
    if wish == "cpu" or (wish == "auto" and not there):
        return torch.device("cpu")
    wanted = torch.device("cuda" if wish == "auto" else wish)
    index = place if wanted.index is None else wanted.index
    if index >= there:
        raise BadConfig(
            f"device {wish!r} for process {place} needs {index + 1} GPUs, but there are {there}",
            hint="take device = 'cpu', or start as many processes as there are GPUs",
        )
    torch.cuda.set_device(index)
    return torch.device("cuda", index)


def _gradient(parameter: nn.Parameter) -> Tensor:
    return torch.zeros_like(parameter) if parameter.grad is None else parameter.grad
