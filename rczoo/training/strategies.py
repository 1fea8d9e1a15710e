"""What the names of training strategies mean: a member of the family, augmentation, and a last step."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from .._arguments import check_choice
from ..data.task import Task
from ..evaluation.agreement import check_agreement
from ..family.architectures import NAMED_POINTS, is_cropped

POSTHOC = {"posthoc": True, "posthoc-noaug": False, "posthoc-max": True, "posthoc-probability": True}
"""Names that conjoin after training, and whether training is augmented."""

STRATEGIES = ["standard", "standard+aug", *POSTHOC, *(name for name in NAMED_POINTS if name != "standard")]


def network_of(task: Task) -> dict[str, Any]:
    """What a task says of its network, as arguments of :func:`rczoo.build`."""
    cropped = {"out_length": task.out_length} if is_cropped(task.model.architecture) else {}
    return {**task.model.keywords(), **cropped}


@dataclass(frozen=True)
class Strategy:
    """How to make a trained model: options of ``build``, augmentation, and the merge after training.

    ``usual`` are options that a task may override. ``agreement`` as :func:`rczoo.agreement_loss` takes it;
    None where none was asked for, which trains as 0 does.
    """

    name: str
    options: dict[str, Any] = field(default_factory=dict)
    augment: bool = False
    remerge: str | None = None
    usual: dict[str, Any] = field(default_factory=dict)
    agreement: float | None = None


def resolve_strategy(
    strategy: str | None = None,
    mixing: float | str | Sequence[float] | None = None,
    wrap: Sequence[int] | None = None,
    merge: str | None = None,
    agreement: float | None = None,
    irreps: float | None = None,
) -> Strategy:
    """The strategy of a name, or of a point of the family given by ``mixing``, ``wrap`` or ``irreps``.

    ``standard+aug`` trains one strand on every sequence and its reverse complement; ``posthoc`` conjoins that
    model afterwards, ``posthoc-noaug`` the model of ``standard``. Zhou et al. 2022, section 2.
    ``agreement`` is for any of the others; without a ``strategy`` the merge is then usually the mean.
    Raises ValueError for an unknown name (with the nearest), for none or several of the four, and for an
    agreement of what trains one strand.
    """
    plan = _without_agreement(strategy, {"mixing": mixing, "wrap": wrap, "irreps": irreps}, merge)
    if agreement is None:
        return plan
    check_agreement(agreement)
    if strategy in POSTHOC or plan.options.get("strategy") == "standard":
        raise ValueError(
            f"{plan.name} trains one strand at a time, so it takes no agreement: post-hoc is mixing 0, "
            "agreement 1, so give these"
        )
    usual = {} if strategy else {"merge": "mean"}
    name = f"{plan.name}-agreement-{agreement:g}"
    return replace(plan, name=name, usual=usual, agreement=float(agreement))


def _without_agreement(strategy: str | None, place: dict[str, Any], merge: str | None) -> Strategy:
    """The strategy as the paper's axis alone names it; ``place``: where in the family, by its other names."""
    given = {name: value for name, value in {"strategy": strategy, **place}.items() if value is not None}
    if len(given) != 1:
        raise ValueError(
            f"give one of strategy, mixing, wrap and irreps, got {' and '.join(given) or 'none'}"
        )
    if strategy is None:
        ((kind, value),) = given.items()
        options = given | ({"merge": merge} if merge else {})
        return Strategy(_family_name(kind, value, merge), options)
    check_choice("strategy", strategy, STRATEGIES)
    if strategy in POSTHOC:
        _, _, usual = strategy.partition("-")
        remerge = merge or (usual if usual in ("max", "probability") else "mean")
        return Strategy(strategy, {"strategy": "standard"}, POSTHOC[strategy], remerge)
    if strategy.startswith("standard"):
        if merge not in (None, "none"):
            raise ValueError(
                f"{strategy} reads one strand, so there is nothing to merge by {merge!r}: use posthoc to "
                "conjoin after training"
            )
        return Strategy(strategy, {"strategy": "standard"}, strategy == "standard+aug")
    return Strategy(strategy, {"strategy": strategy} | ({"merge": merge} if merge else {}))


def _family_name(kind: str, value: Any, merge: str | None) -> str:
    """A name that can be part of a path, such as ``mixing-0.5`` or ``wrap-2-1-sum``."""
    values = [value] if isinstance(value, str | int | float) else list(value)
    numbers = [v if isinstance(v, str) else f"{v:g}" for v in values]
    return "-".join([kind, *numbers, *([merge] if merge else [])])
