"""Examples of a task in memory or memory-mapped, and their batches: one coin turns every input and output."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from ..symmetry import dna
from ..symmetry.rep import Rep

if TYPE_CHECKING:
    import torch

Arrays = dict[str, np.ndarray]
Prepared = tuple[dict[str, Arrays], list[str]]
"""What a source gives: arrays of each split, named as the fields of Examples, and notes for the user."""


@dataclass(frozen=True)
class Examples:
    """Sequences with their targets, each read 5'->3' of its own interval.

    ``codes`` (n, length + 2*jitter) uint8; ``target`` (n, labels) or (n, tracks, out_length + 2*jitter)
    float32, NaN where not measured; ``control`` (n, tracks, out_length + 2*jitter) or None.
    ``chrom`` and ``start`` (n,) say where the unshifted input window lies (0-based), ``reverse`` (n,) which
    intervals lie on the other strand, ``room`` (n, 2) how far a window may move down and up its chromosome.
    """

    codes: np.ndarray
    target: np.ndarray
    rep_out: Rep
    control: np.ndarray | None = None
    rep_control: Rep | None = None
    chrom: np.ndarray | None = None
    start: np.ndarray | None = None
    reverse: np.ndarray | None = None
    room: np.ndarray | None = None
    jitter: int = 0

    def __len__(self) -> int:
        return len(self.codes)

    @property
    def length(self) -> int:
        """Length of an input window."""
        return int(self.codes.shape[1]) - 2 * self.jitter

    @property
    def unshifted_codes(self) -> np.ndarray:
        """Codes of the windows as they lie, without the margin for jitter: (n, length)."""
        return _inner(self.codes, self.jitter)

    @property
    def unshifted_target(self) -> np.ndarray:
        """Labels (n, labels), or tracks without the margin for jitter: (n, tracks, out_length)."""
        return self.target if self.target.ndim == 2 else _inner(self.target, self.jitter)

    def batch(
        self,
        indices: Sequence[int] | np.ndarray,
        shifts: Sequence[int] | np.ndarray | None = None,
        rc: Sequence[bool] | np.ndarray | None = None,
    ) -> tuple[torch.Tensor, torch.Tensor | None, torch.Tensor]:
        """(X, control or None, target) of some examples, as float32 tensors; X is (b, 4, length) one-hot.

        ``shifts`` (b,) moves each window by that many bases of the genome, within the jitter; a window stops
        at the end of its chromosome. ``rc`` (b,) says which examples are reverse-complemented, every input
        and output together. Law: a batch with ``rc`` all true is the batch without it, acted on by the Reps.
        """
        rows = np.asarray(indices, dtype=np.int64)
        offsets = self._offsets(rows, shifts)
        turned = np.zeros(len(rows), dtype=bool) if rc is None else np.asarray(rc, dtype=bool)
        codes = _window(self.codes, rows, offsets, self.length)
        codes[turned] = dna.complement_codes(codes[turned])
        target = _turn(self._tracks(self.target, rows, offsets), self.rep_out, turned)
        control = None
        if self.control is not None and self.rep_control is not None:
            control = _turn(self._tracks(self.control, rows, offsets), self.rep_control, turned)
        return dna.one_hot(codes), control, target

    def take(self, indices: Sequence[int] | np.ndarray) -> Examples:
        """Some of the examples, as Examples."""

        def pick(array: np.ndarray | None) -> np.ndarray | None:
            return None if array is None else array[indices]

        return Examples(
            self.codes[indices],
            self.target[indices],
            self.rep_out,
            pick(self.control),
            self.rep_control,
            pick(self.chrom),
            pick(self.start),
            pick(self.reverse),
            pick(self.room),
            self.jitter,
        )

    def part(self, share: float) -> Examples:
        """A share of the examples, in their order: drawn once, those of a smaller share among a larger's.

        At least one where there is any.
        """
        drawn = np.random.default_rng(0).permutation(len(self))
        return self.take(np.sort(drawn[: max(1, round(share * len(self)))]))

    def _offsets(self, rows: np.ndarray, shifts: Sequence[int] | np.ndarray | None) -> np.ndarray:
        """First stored position of each shifted window."""
        if shifts is None:
            return np.full(len(rows), self.jitter)
        moved = np.asarray(shifts, dtype=np.int64)
        if moved.shape != rows.shape:
            raise ValueError(f"batch: {len(rows)} examples but shifts of shape {moved.shape}: give one each")
        if moved.size and np.abs(moved).max() > self.jitter:
            raise ValueError(
                f"batch: a shift of {moved[np.abs(moved).argmax()]} exceeds the jitter of {self.jitter} "
                "that these examples were prepared with"
            )
        if self.room is not None:
            room = np.asarray(self.room[rows])
            moved = np.clip(moved, -room[:, 0], room[:, 1])
        if self.reverse is not None:
            moved = np.where(self.reverse[rows], -moved, moved)
        return self.jitter + moved

    def _tracks(self, tracks: np.ndarray, rows: np.ndarray, offsets: np.ndarray) -> torch.Tensor:
        """Labels, or windows of tracks, of some examples."""
        import torch  # what only looks at tasks does without

        if tracks.ndim == 2:
            return torch.from_numpy(np.array(tracks[rows], dtype=np.float32))
        width = tracks.shape[-1] - 2 * self.jitter
        return torch.from_numpy(_window(tracks, rows, offsets, width).astype(np.float32, copy=False))


def _inner(array: np.ndarray, margin: int) -> np.ndarray:
    """An array without a margin at both ends of its last axis."""
    return np.asarray(array[..., margin : array.shape[-1] - margin])


def _window(array: np.ndarray, rows: np.ndarray, offsets: np.ndarray, width: int) -> np.ndarray:
    """Row by row, ``width`` positions from an offset: (b, ..., width), a copy."""
    plain = np.asarray(array)  # of a memory map each row would be a map of its own
    windows: np.ndarray = sliding_window_view(plain, width, axis=-1)[rows, ..., offsets, :]
    return windows


def _turn(values: torch.Tensor, rep: Rep, turned: np.ndarray) -> torch.Tensor:
    """Reverse complement of the chosen rows, in place."""
    import torch

    if turned.any():
        chosen = torch.from_numpy(turned)
        values[chosen] = rep.act(values[chosen])
    return values
