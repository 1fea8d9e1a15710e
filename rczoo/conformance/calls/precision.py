"""Numbers in the precision under test: what a model casts to narrower floats inside is kept as it is.

Rounding to half precision is no fault of equivariance, and hides those that are smaller than it.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor
from torch._ops import OpOverload
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

FLOATS = (
    torch.float64,
    torch.float32,
    torch.float16,
    torch.bfloat16,
    torch.float8_e4m3fn,
    torch.float8_e5m2,
)
"""Types of numbers, each rounding more than the one before."""
COMPLEX = {torch.float64: torch.complex128, torch.float32: torch.complex64, torch.float16: torch.complex32}
REAL = {pair: real for real, pair in COMPLEX.items()}
CASTS = {
    "float": torch.float32,
    "half": torch.float16,
    "bfloat16": torch.bfloat16,
    "cfloat": torch.complex64,
    "chalf": torch.complex32,
}
"""Functions of a tensor that give it in another type, which their names say."""
LIKE = {"to", "type_as", "type"}
"""Functions of a tensor that may give it in the type of another, or in one that is named by a string."""
REINTERPRETS = {"view"}
"""Functions that take a type and round nothing: they read the same bytes otherwise."""


def rounds_more(dtype: torch.dtype, than: torch.dtype) -> bool:
    """Whether floats, or pairs of them, round more than another type; False of what is neither."""
    dtype, than = REAL.get(dtype, dtype), REAL.get(than, than)
    return dtype in FLOATS and than in FLOATS and FLOATS.index(dtype) > FLOATS.index(than)


def type_name(dtype: torch.dtype) -> str:
    """As it is typed: ``bfloat16``."""
    return str(dtype).removeprefix("torch.")


class Kept:
    """Types as they are kept: none rounds more than ``dtype``. ``narrowest``: of those that were asked."""

    def __init__(self, dtype: torch.dtype) -> None:
        self.dtype = dtype
        self.narrowest: torch.dtype | None = None

    def __call__(self, value: Any) -> Any:
        """Another type for one that rounds more; anything else as it is."""
        if not isinstance(value, torch.dtype) or not rounds_more(value, self.dtype):
            return value
        real = REAL.get(value, value)
        if self.narrowest is None or rounds_more(real, self.narrowest):
            self.narrowest = real
        return COMPLEX[self.dtype] if value in REAL else self.dtype

    def arguments(
        self, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[tuple[Any, ...], dict[str, Any]]:
        """Those of a function, with the types that are kept. Raises TypeError for bytes that were others."""
        if name not in REINTERPRETS:
            return tuple(map(self, args)), {key: self(value) for key, value in kwargs.items()}
        if self.narrowest is not None and any(isinstance(x, torch.dtype) for x in (*args, *kwargs.values())):
            raise TypeError(f"the bytes of {type_name(self.narrowest)} are read as another type")
        return args, kwargs


class KeepPrecision(TorchFunctionMode):
    """Casts to floats that round more than ``kept`` allows are not made, wherever Python asks for them."""

    def __init__(self, kept: Kept) -> None:
        super().__init__()
        self.kept = kept

    def __torch_function__(
        self, function: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One operation, with a cast undone, also one that a ``dtype`` asks for."""
        kwargs, name = kwargs or {}, getattr(function, "__name__", "")
        if isinstance(function, OpOverload):
            return function(*args, **kwargs)  # what Python asks for only while a dispatch mode watches it
        args, kwargs = self.kept.arguments(name, args, kwargs)
        asked = CASTS.get(name)
        if name in LIKE and len(args) > 1 and isinstance(args[1], Tensor):
            asked = args[1].dtype
        if asked is not None and (wide := self.kept(asked)) != asked:
            return args[0].to(wide)
        result = function(*args, **kwargs)
        if name in LIKE and isinstance(result, Tensor) and (wide := self.kept(result.dtype)) != result.dtype:
            return args[0].to(wide)
        return result


class KeepPrecisionWithin(TorchDispatchMode):  # type: ignore[no-untyped-call]
    """The same within scripted modules, autocast and whatever else runs below Python; it takes longer."""

    def __init__(self, kept: Kept) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.kept = kept

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: dict[str, Any] | None = None
    ) -> Any:
        """One operation, as in :class:`KeepPrecision`."""
        kwargs, name = kwargs or {}, func.overloadpacket.__name__
        args, kwargs = self.kept.arguments(name, args, kwargs)
        result = func(*args, **kwargs)
        # torch.tensor makes its numbers unseen, and lifts them
        return result.to(self.kept(result.dtype)) if name.startswith("lift_fresh") else result
