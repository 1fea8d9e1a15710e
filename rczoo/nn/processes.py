"""Statistics of a batch that several processes share, each with as many of its examples as the others."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, ClassVar, Self, TypeVar

import torch
import torch.distributed
from torch import Tensor
from torch.nn import functional as F
from torch.overrides import TorchFunctionMode

T = TypeVar("T")


def place() -> tuple[int, int]:
    """The rank of this process and the number of processes: (0, 1) where there is one."""
    if torch.distributed.is_available() and torch.distributed.is_initialized():
        return torch.distributed.get_rank(), torch.distributed.get_world_size()
    return 0, 1


def mean_over_processes(statistic: Tensor) -> Tensor:
    """The mean of all processes' statistics, with its gradient; the statistic itself where there is one."""
    _, number = place()
    if number == 1:
        return statistic
    total: Tensor = _Sum.apply(statistic)  # type: ignore[no-untyped-call]
    return total / number


class _Sum(torch.autograd.Function):
    """The sum over all processes; its gradient is that of all their losses."""

    @staticmethod
    def forward(_: Any, statistic: Tensor) -> Tensor:
        total = statistic.clone()
        torch.distributed.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        return _Sum.forward(None, gradients[0])


def of_all_processes(values: list[T]) -> list[T]:
    """The values of all processes, on every one of them."""
    _, number = place()
    if number == 1:
        return values
    parts: list[list[T]] = [[] for _ in range(number)]
    torch.distributed.all_gather_object(parts, values)
    return [value for part in parts for value in part]


class BatchNormOverProcesses(TorchFunctionMode):
    """Within, batch norms in training take mean and variance over the batches of all processes.

    What ``nn.SyncBatchNorm`` does on GPUs, on any device and for every layer that calls ``F.batch_norm``, or
    :func:`of_whole_batch`. The law holds as in one process: the statistics are those of the whole batch (T8).
    """

    entered: ClassVar[int] = 0
    """How many are entered: elsewhere a batch norm waits for no other process, as PyTorch's does not."""

    def __enter__(self) -> Self:
        """Share statistics from here on."""
        BatchNormOverProcesses.entered += 1
        super().__enter__()  # type: ignore[no-untyped-call]
        return self

    def __exit__(self, *error: object) -> None:
        """Share them no more."""
        BatchNormOverProcesses.entered -= 1
        super().__exit__(*error)  # type: ignore[no-untyped-call]

    def __torch_function__(
        self, func: Callable[..., Any], types: Iterable[type], args: Any = (), kwargs: Any = None
    ) -> Any:
        """Take over the batch norms of training, and leave everything else."""
        return (_batch_norm if func is F.batch_norm else func)(*args, **(kwargs or {}))


def of_whole_batch(statistic: Tensor) -> Tensor:
    """A statistic of the batch: of all processes within :class:`BatchNormOverProcesses`, else of this one."""
    return mean_over_processes(statistic) if BatchNormOverProcesses.entered else statistic


def sharing() -> int:
    """How many processes share the batch, as :func:`of_whole_batch` does."""
    return place()[1] if BatchNormOverProcesses.entered else 1


def _batch_norm(
    x: Tensor,
    running_mean: Tensor | None,
    running_var: Tensor | None,
    weight: Tensor | None = None,
    bias: Tensor | None = None,
    training: bool = False,
    momentum: float = 0.1,
    eps: float = 1e-5,
) -> Tensor:
    """``F.batch_norm``, of all processes where it is of a batch; the arguments are PyTorch's own."""
    if not training:
        return F.batch_norm(x, running_mean, running_var, weight, bias, False, momentum, eps)
    positions = [0, *range(2, x.ndim)]
    shape = (-1, *[1] * (x.ndim - 2))
    mean = of_whole_batch(x.mean(positions))
    variance = of_whole_batch((x - mean.view(shape)).square().mean(positions))
    if running_mean is not None and running_var is not None:
        n = x.numel() // x.shape[1] * sharing()
        with torch.no_grad():
            running_mean.lerp_(mean.to(running_mean.dtype), momentum)
            running_var.lerp_((variance * n / max(n - 1, 1)).to(running_var.dtype), momentum)
    scale = torch.rsqrt(variance + eps) if weight is None else weight * torch.rsqrt(variance + eps)
    shift = -mean * scale if bias is None else bias - mean * scale
    return x * scale.view(shape) + shift.view(shape)
