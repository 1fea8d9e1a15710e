"""The tables ``[model]`` and ``[training]`` of a task file: which network is trained, and how."""

from __future__ import annotations

from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field
from pydantic import model_validator as checked

from ..symmetry.rep import REGULAR, Rep
from .fields import (
    FLAG,
    Table,
    Width,
    one_of,
    text_of_rep,
    whole,
)

SEEDS = (1535, 1780, 2143, 3578, 4652, 6117, 6806, 7626, 9295, 9999)
"""The ten seeds of Zhou et al. 2022: they vary initialisation and order, never the data."""


class Model(Table):
    """Keywords of :func:`rczoo.build`, without those by which a training says where in the family it is.

    What is not given is left to ``build``.
    """

    architecture: Annotated[str, Field(description="an architecture that rczoo.build knows")]
    length: Annotated[int, whole(1, "the number of input bases, a whole number")]
    outputs: Annotated[
        Annotated[int, whole(1)] | Annotated[str, AfterValidator(text_of_rep)],
        Field(description='a whole number >= 1, or the Rep of tracks, as "1r+1t"'),
    ] = 1
    filters: Annotated[int | None, whole(1)] = None
    merge: Annotated[str | None, Field(description="how strands are merged, as rczoo.build takes it")] = None
    gain: Annotated[
        float | None, Field(strict=True, gt=0, le=1e6, description="a number > 0, at most 1e6")
    ] = None
    pool: Annotated[
        tuple[Width, Width] | Literal["global"] | None,
        Field(description='the width and stride of the pool, as [40, 20], or "global"'),
    ] = None
    control: Annotated[
        str | None, AfterValidator(text_of_rep), Field(description='the Rep of the control tracks, as "2t"')
    ] = None
    count_head: Annotated[bool | None, FLAG] = None
    position: Annotated[Literal["tied"] | None, one_of("tied")] = None
    batch_statistics: Annotated[
        Literal["pooled", "separate", "frozen"] | None, one_of("pooled", "separate", "frozen")
    ] = None

    @property
    def number(self) -> int:
        """How many outputs there are: labels, factors or tracks."""
        return self.outputs if isinstance(self.outputs, int) else len(Rep(self.outputs).orbits)

    @property
    def tracks(self) -> Rep:
        """How RC acts on a profile: factors of two strands each, unless a Rep is named."""
        return self.outputs * REGULAR if isinstance(self.outputs, int) else Rep(self.outputs)

    def keywords(self) -> dict[str, Any]:
        """What to give to ``rczoo.build``."""
        return self.model_dump(exclude_none=True)


def in_batch(size: int, positives: int, negatives: int) -> int:
    """How many positives a batch has in which they are to the negatives as asked for."""
    return round(size * positives / (positives + negatives))


class Training(Table):
    """How to train.

    ``criterion`` on the validation split decides all there is to decide: which epoch is best, when the rate
    falls, and when training stops, which ``patience`` 0 never does. An epoch has every example once, or
    ``steps_per_epoch`` full batches, for which the examples come again and again. ``positives`` and
    ``negatives`` are the classes' proportion in every batch. ``subset`` trains on a part of the examples, for
    learning curves: the same ones for every seed, and those of a smaller part are among those of a larger.
    """

    batch_size: Annotated[int, whole(1)]
    epochs: Annotated[int | None, whole(1)] = None
    patience: Annotated[int, whole(0)] = 0
    steps_per_epoch: Annotated[int | None, whole(1)] = None
    positives: Annotated[int | None, whole(1)] = None
    negatives: Annotated[int | None, whole(1)] = None
    learning_rate: Annotated[float, Field(strict=True, gt=0, description="a number > 0")] = 1e-3
    schedule: Annotated[Literal["constant", "plateau", "cosine"], one_of("constant", "plateau", "cosine")] = (
        "constant"
    )
    counts_weight: Annotated[float, Field(strict=True, ge=0, description="a number >= 0")] = 0
    criterion: Annotated[Literal["loss", "auroc"], one_of("loss", "auroc")] = "loss"
    augment: Annotated[Literal["batch", "set"], one_of("batch", "set")] = "batch"
    subset: Annotated[
        float | None, Field(strict=True, gt=0, le=1, description="a share above 0, at most 1")
    ] = None

    @checked(mode="after")
    def _proportion(self) -> Self:
        if (self.positives is None) != (self.negatives is None):
            raise ValueError("gives one of positives and negatives: give both, their proportion in a batch")
        if self.positives and self.negatives:
            self._check_batches(self.positives, self.negatives)
        return self

    def _check_batches(self, positives: int, negatives: int) -> None:
        if not 0 < in_batch(self.batch_size, positives, negatives) < self.batch_size:
            raise ValueError(
                f"positives to negatives are {positives} to {negatives}, which leaves one of them "
                f"out of batches of {self.batch_size}: make batches larger or the proportion more even"
            )

    @checked(mode="after")
    def _decay(self) -> Self:
        if self.schedule == "plateau" and not self.patience:
            raise ValueError("schedule is 'plateau', which follows the patience: give a patience >= 1")
        return self
