"""What the front page shows: two pictures, and which strategy to choose in a few sentences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

import rczoo
from rczoo._plotting import GREY, MINUS, PLUS, new_figure
from rczoo.data.sources.simulation import simulate

from ..strategies import members
from .comparisons import AGAINST, AS_LARGE, DEFAULT, LEGNET, Pair, Verdict
from .figures import UNITS, save, style
from .summary import HEADLINE, KIND

ONE_STRAND = "sim-200/standard"
"""The published model whose two answers are drawn: it needs no data but simulated sequences."""
LABEL = 1
"""Of its labels: GATA, the one with the shortest motif."""
DRAWN = ("standard", "standard+aug", "conjoined", "rcps", *DEFAULT.values())
"""The strategies of the figure, coloured by what they are."""
HOLLOW = ("standard", "conjoined", "rcps")
"""Drawn hollow, to be told from ``standard+aug`` and from those with agreement, which have their colours."""
STEP = 0.16
"""Between the rows of one task's strategies, of 1 between tasks."""
MARGIN = 0.15
"""Beside the outermost means, of their span: wider intervals leave the picture, others are legible."""


def strands_figure(path: Path) -> Path:
    """Answers for 300 sequences and for their reverse complements: of a standard model, and conjoined."""
    codes, _ = simulate(200, per_motif=100, seed=0)
    standard = rczoo.load(ONE_STRAND)
    models = {
        "As trained: two answers to one molecule": standard,
        "The same weights after rczoo.conjoin": rczoo.conjoin(
            standard, outputs=f"{standard.config.outputs}t"
        ),
    }
    figure, axes = new_figure(1, 2, 8.4, 4.1)
    for ax, (title, model) in zip(axes.flat, models.items(), strict=True):
        measured = rczoo.measure(model, codes, outputs=f"{standard.config.outputs}t")
        ((given, other),) = zip(measured.given.values(), measured.other.values(), strict=True)
        u, v = given[:, LABEL], other[:, LABEL]
        flips = (u > 0) != (v > 0)
        ends = min(u.min(), v.min()) - 0.3, max(u.max(), v.max()) + 0.3
        ax.axhline(0, color=GREY, lw=0.6)
        ax.axvline(0, color=GREY, lw=0.6)
        ax.plot(ends, ends, color=GREY, lw=0.8, ls="--")
        ax.plot(u[~flips], v[~flips], "o", ms=3, color=PLUS, alpha=0.6)
        ax.plot(u[flips], v[flips], "o", ms=3.5, color=MINUS)
        ax.set(xlim=ends, ylim=ends, aspect="equal", title=title)
        ax.set(xlabel="logit of GATA, sequence", ylabel="logit of GATA, reverse complement")
        ax.text(0.04, 0.93, f"{flips.mean():.0%} of calls flip", transform=ax.transAxes, color=MINUS)
    return save(figure, path)


def choice_figure(path: Path, found: Mapping[str, Sequence[Verdict]]) -> Path:
    """Differences from post-hoc with 95 % intervals: a panel for labels and for profiles, a row a task."""
    most = max((len(v.by_task) for verdicts in found.values() for v in verdicts), default=0)
    figure, axes = new_figure(1, len(HEADLINE), 9.6, 1.8 + 0.26 * (most + 1))
    for ax, kind in zip(axes.flat, HEADLINE, strict=True):
        shown = {name: v for name in DRAWN for v in found.get(name, ()) if v.kind == kind}
        tasks = sorted({task for verdict in shown.values() for task in verdict.by_task})
        means = [0.0, *(d.mean for verdict in shown.values() for d in verdict.by_task.values())]
        for shift, (name, verdict) in enumerate(shown.items()):
            rows = [(tasks.index(t), d.mean, d.interval) for t, d in verdict.by_task.items()]
            rows.append((len(tasks), verdict.pooled.mean, (verdict.pooled.low, verdict.pooled.high)))
            mark = style(name) | ({"mfc": "w"} if name in HOLLOW else {})
            for row, mean, interval in rows:
                y, all_tasks = row + STEP * (shift - (len(shown) - 1) / 2), row == len(tasks)
                ax.plot(interval, [y, y], color=mark["color"], lw=1.2)
                ax.plot([mean], [y], **mark, ms=6 if all_tasks else 4, label=name if all_tasks else None)
        ax.axvline(0, color="black", lw=0.8)
        ax.axhspan(len(tasks) - 0.5, len(tasks) + 0.5, color=GREY, alpha=0.12, lw=0)
        ax.set_yticks(range(len(tasks) + 1), [*tasks, "all tasks"])
        ax.set_ylim(len(tasks) + 0.5, -0.5)
        ax.set_xlim(min(means) - MARGIN * np.ptp(means), max(means) + MARGIN * np.ptp(means))
        ax.set_title(f"{KIND[kind].capitalize()} tasks")
        ax.set_xlabel(f"{HEADLINE[kind]}{UNITS[HEADLINE[kind]]}, better than {AGAINST} by; 95 % interval")
    handles = axes[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=len(DRAWN), frameon=False)
    return save(figure, path)


def advice(found: Mapping[Pair, Sequence[Verdict]]) -> str:
    """What conjoining after and while training brings, what is better, at equal size, and another network."""
    said = [_after(found), _while_training(found), _better(found), _of_as_many(found), _network(found)]
    return " ".join(filter(None, said))


def _after(found: Mapping[Pair, Sequence[Verdict]]) -> str:
    said = _amounts(found.get(Pair(AGAINST, "standard+aug"), ()))
    return (
        "Train with augmentation and conjoin afterwards (`posthoc`): it needs no other training, on data of "
        f"both strands it cannot raise a convex loss, and against `standard+aug` it gives {said}."
    )


def _while_training(found: Mapping[Pair, Sequence[Verdict]]) -> str:
    said = [
        f"`{name}` {_amounts(known)}"
        for name in ("conjoined", "rcps")
        if (known := found.get(Pair(name, AGAINST), ()))
    ]
    return f"Strands merged while training, against `{AGAINST}`: {'; '.join(said)}."


def _better(found: Mapping[Pair, Sequence[Verdict]]) -> str:
    """The strategies of one training that are above post-hoc by their interval over two tasks or more."""
    names = [
        f"`{pair.one}` ({_choice(pair.one, verdict)}{_amounts([verdict])}{_warning(verdict)})"
        for pair, verdicts in found.items()
        if pair.other == AGAINST and pair.one != LEGNET and not members(pair.one)
        for verdict in verdicts
        if len(verdict.by_task) > 1 and verdict.pooled.low > 0
    ]
    if not names:
        return f"Of the strategies compared on two tasks or more, none is above `{AGAINST}` by its interval."
    return (
        f"Above `{AGAINST}` by their intervals, where `agreement` says how much the loss in training weighs "
        f"the distance between both strands' answers: {'; '.join(names)}."
    )


def _of_as_many(found: Mapping[Pair, Sequence[Verdict]]) -> str:
    """What the default of labels brings where post-hoc has as many parameters."""
    known = [v for v in found.get(Pair(DEFAULT["labels"], AS_LARGE), ()) if v.kind == "labels"]
    return (
        f"Mixing 1 has up to twice the parameters: against `{AGAINST}` of as many it gives {_amounts(known)}."
        if known
        else ""
    )


def _network(found: Mapping[Pair, Sequence[Verdict]]) -> str:
    """What another network brings, where its interval is above 0."""
    verdicts = [verdict for verdict in found.get(Pair(LEGNET, AGAINST), ()) if verdict.pooled.low > 0]
    said = [f"{_amounts([verdict])}{_warning(verdict)}" for verdict in verdicts]
    return (
        f"Where words beat this network, another counts for more: LegNet's (`{LEGNET}`) {'; '.join(said)}."
        if said
        else ""
    )


def _choice(strategy: str, verdict: Verdict) -> str:
    """That validation chose this point of mixing and agreement on tasks of the kind, where it does."""
    return "what validation chose: " if strategy == DEFAULT[verdict.kind] else ""


def _warning(verdict: Verdict) -> str:
    """That no task was trained more than once, where that is so."""
    return "" if verdict.corrected else ", of one seed each"


def _amounts(verdicts: Sequence[Verdict]) -> str:
    """Mean differences with their intervals and numbers of tasks."""
    return " and ".join(
        f"{v.pooled.mean:+.3f} {HEADLINE[v.kind]} ({v.pooled.low:+.3f} to {v.pooled.high:+.3f}, "
        f"{len(v.by_task)} {KIND[v.kind]} task{'s' * (len(v.by_task) > 1)})"
        for v in verdicts
    )
