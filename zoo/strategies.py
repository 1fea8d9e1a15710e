"""What the names of strategies in the zoo ask for: keywords of training, and models made without it."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

from rczoo.data.recipe import SEEDS
from rczoo.family.architectures import ARCHITECTURES
from rczoo.family.architectures.paper import PAPER
from rczoo.training.strategies import STRATEGIES

DERIVED = {
    "standard": {"posthoc-noaug": "mean"},
    "standard+aug": {"posthoc": "mean", "posthoc-max": "max", "posthoc-probability": "probability"},
}
"""Models that a trained one becomes by another merge alone."""
TRIAL = "-1-epoch"
"""Strategies that only try whether a task works: neither published nor drawn."""
NETWORKS = "|".join(ARCHITECTURES)
WIDTHS = {"-wide": 2**0.5, "-narrow": 0.5**0.5}
"""So many times the filters: as many parameters at mixing 0 as mixing 1 has, and the other way round."""
ENDINGS = (
    "-agreement-[0-9.]+",
    "-subset-[0-9.]+",
    "-frozen",
    "-gain-[0-9.]+",
    *WIDTHS,
    "-[0-9]+-epochs?",
    f"-(?:{NETWORKS})-[0-9]+",
    "-ensemble-[0-9]+",
)
NAME = re.compile(rf"(.+?)((?:{'|'.join(ENDINGS)})*)")
NUMBER = r"[0-9]+(?:\.[0-9]+)?"
PLACES = {"mixing": f"{NUMBER}(?:-{NUMBER})*", "irreps": NUMBER, "wrap": r"[0-9]+(?:-[0-9]+)*"}
"""Places in the families, by what follows ``mixing-``, ``irreps-`` or ``wrap-`` in a name."""
ENSEMBLE = re.compile(r"(.+)-ensemble-([0-9]+)")


class Members(NamedTuple):
    """What an ensemble is made of: models of one strategy, one of each seed."""

    strategy: str
    seeds: tuple[int, ...]


def members(strategy: str) -> Members | None:
    """The members of an ensemble, models of the first seeds of the paper; None for any other strategy.

    Raises ValueError for more or fewer members than there are seeds.

    >>> members("posthoc-ensemble-3")
    Members(strategy='posthoc', seeds=(1535, 1780, 2143))
    """
    match = ENSEMBLE.fullmatch(strategy)
    if match is None:
        return None
    number = int(match[2])
    if not 1 <= number <= len(SEEDS):
        raise ValueError(f"{strategy} has {number} members: there are seeds for 1 to {len(SEEDS)}")
    return Members(match[1], SEEDS[:number])


def options(strategy: str) -> dict[str, Any]:
    """Keywords of :func:`rczoo.training.trainer.train` for a strategy's name in the zoo.

    Endings of a name: ``-gain-2`` doubles the gain of every convolution, ``-frozen`` leaves batch statistics
    at mean 0 and variance 1, ``-160-epochs`` trains for so many epochs without early stopping, and
    ``-legnet-32`` or ``-motif-cnn-96`` has that architecture, of so many filters, for the task's network;
    the paper's then have a global pool.
    ``-agreement-2`` trains with that agreement, ``-subset-0.1`` on that share of the training examples, and
    ``-wide`` and ``-narrow`` with so many times the filters that mixing 0 has the parameters of mixing 1, and
    mixing 1 those of mixing 0; ``subset`` and ``width`` change the task (:func:`zoo.sweep.job.asked`).

    >>> options("mixing-0.25-gain-2"), options("wrap-2-1")
    ({'mixing': 0.25, 'gain': 2.0}, {'wrap': (2, 1)})
    >>> options("mixing-1-agreement-2"), options("irreps-0.75")
    ({'mixing': 1.0, 'agreement': 2.0}, {'irreps': 0.75})

    Raises ValueError for a name of no known form, and for an ensemble, which is not trained.
    """
    if members(strategy):
        raise ValueError(f"{strategy} is not trained: its members are")
    name, ending = parts(strategy)
    found: dict[str, Any] = {"batch_statistics": "frozen"} if "-frozen" in ending else {}
    if match := re.search(r"-agreement-([0-9.]+)", ending):
        found["agreement"] = float(match[1])
    if match := re.search(r"-subset-([0-9.]+)", ending):
        found["subset"] = float(match[1])
    if match := re.search(r"-gain-([0-9.]+)", ending):
        found["gain"] = float(match[1])
    if match := re.search("|".join(WIDTHS), ending):
        found["width"] = WIDTHS[match[0]]
    if match := re.search(r"-([0-9]+)-epoch", ending):
        found["epochs"] = int(match[1])
    if match := re.search(f"-({NETWORKS})-([0-9]+)", ending):
        pool = "global" if match[1] in PAPER else None
        found |= {"architecture": match[1], "filters": int(match[2]), "pool": pool}
    kind, _, numbers = name.partition("-")
    if name in STRATEGIES:
        return {"strategy": name, **found}
    if kind in PLACES and re.fullmatch(PLACES[kind], numbers):
        return {kind: _place(kind, numbers), **found}
    raise ValueError(
        f"unknown strategy {strategy!r}: use one of {', '.join(STRATEGIES)}, mixing-0.5, wrap-2-1, "
        "irreps-0.75, or one of these followed by -agreement-2, -subset-0.1, -frozen, -gain-2, -wide, "
        "-160-epochs or -legnet-32"
    )


def _place(kind: str, numbers: str) -> Any:
    """A place in a family, by its numbers: one share, or several."""
    if kind == "wrap":
        return tuple(int(size) for size in numbers.split("-"))
    shares = [float(share) for share in numbers.split("-")]
    return shares[0] if len(shares) == 1 else shares


def derived(strategy: str, kind: str) -> dict[str, str]:
    """Names and merges of the models that come from a trained one on a task of this kind."""
    name, ending = parts(strategy)
    merges = {} if members(strategy) else DERIVED.get(name, {})
    return {n + ending: merge for n, merge in merges.items() if kind == "labels" or merge != "probability"}


def source(strategy: str) -> tuple[str, str | None]:
    """The trained strategy that a model comes from, and the merge that makes it (None: as trained).

    Of an ensemble those of its members.
    """
    if made := members(strategy):
        return source(made.strategy)
    name, ending = parts(strategy)
    for trained, merges in DERIVED.items():
        if name in merges:
            return trained + ending, merges[name]
    return strategy, None


def parts(strategy: str) -> tuple[str, str]:
    """A name and its endings."""
    match = NAME.fullmatch(strategy)
    return (match[1], match[2]) if match else (strategy, "")
