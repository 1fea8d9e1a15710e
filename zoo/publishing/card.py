"""Model cards: what a published model is, in the form that Hugging Face reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from rczoo.data.task import Task

from ..results.summary import (
    HEADLINE,
    Key,
    Stat,
    baselines,
    beats_the_baseline,
    in_paper,
    summarise,
    to_beat,
    trained,
)
from ..rows import Row
from ..strategies import members
from ..studies.biology.measured import Measured
from .biology import biology_section
from .by_label import Label, label_section
from .calibration import Bin, calibration_section
from .expected import Expected
from .members import section
from .origin import data_section, origin_section
from .threshold import threshold_section

SHOWN = {"labels": ("auroc", "auprc"), "profile": ("jsd", "pearson", "spearman")}
LIMITS = {
    "simulation": "The data are simulated: the model is for comparing methods, not for biology.",
    "chalmers-chipexo": "Trained on windows centred on binding events of budding yeast: it says where reads "
    "fall around an event, not whether there is one.",
    "intervals": "Trained on one yeast genome and one experiment; its negatives are other promoters, not all "
    "DNA.",
    "table": "Trained on a benchmark of human ChIP-seq peaks with matched negatives: scores are not "
    "occupancies.",
    "peaks": "Trained on peaks against other peaks and shuffles: scores are not occupancies, and most of a "
    "genome is neither.",
    "deepbind-encode": "Trained on peaks against their shuffles: scores are not occupancies.",
    "tiles": "Trained on one yeast genome and one experiment each; no site may mean that none was called.",
}


@dataclass(frozen=True)
class Subject:
    """What a card is written from: a model's config, ``about``, and all that was measured on its task.

    ``made``: what it answers; of labels ``bins``, the reliability curve, and ``labels``, a row for each of
    several; ``best``: the strategy that is recommended for the task; ``measured``: what running it has told,
    if it is the one.
    """

    task: Task
    strategy: str
    about: Mapping[str, Any]
    rows: list[Row]
    made: Expected
    bins: list[Bin] | None = None
    labels: list[Label] | None = None
    best: str | None = None
    measured: Measured | None = None

    @property
    def name(self) -> str:
        """Its published name."""
        return f"{self.task.name}/{self.strategy}"

    @cached_property
    def stats(self) -> dict[Key, Stat]:
        """The results of its task over seeds."""
        return summarise(self.rows, self.task.name)

    @property
    def bar(self) -> str | None:
        """The best of what needs no network on its task."""
        return to_beat(self.stats, self.task.name, self.task.kind)


def card(of: Subject) -> str:
    """The text of a card."""
    parts = [
        _front(of),
        f"# {of.name}\n\n{of.task.title}. {of.task.description}",
        _loading(of),
        origin_section(of.task, of.about),
        _place(of.about),
        _results(of),
        label_section(of.labels) if of.labels else "",
        calibration_section(of.bins) if of.bins else "",
        *_measured(of),
        _example(of),
        data_section(of.task, of.about),
        _training(of.task, of.about),
        section(of.about),
        _use(of.task),
    ]
    return "\n\n".join(filter(None, parts)) + "\n"


def _front(of: Subject) -> str:
    """What hubs read; imported here, as the report takes its tables from this file without any hub."""
    from huggingface_hub import EvalResult, ModelCardData

    metric, task = HEADLINE[of.task.kind], of.task
    result = EvalResult(
        task_type="text-classification" if task.kind == "labels" else "other",
        dataset_type=task.name,
        dataset_name=task.title,
        dataset_split="test",
        metric_type=metric,
        metric_value=round(of.about["metrics"]["test"][metric], 4),
    )
    architecture = of.about["trained_as"]["architecture"]
    tags = ["genomics", "reverse-complement", architecture, task.origin.organism]
    data = ModelCardData(
        model_name=of.name,
        library_name="rczoo",
        license="mit",
        tags=[tag for tag in tags if tag],
        eval_results=[result],
    )
    return f"---\n{data.to_yaml()}\n---"


def _loading(of: Subject) -> str:
    chosen = of.strategy == of.best
    known = of.task.name if chosen else of.name
    said = f'```python\nimport rczoo\n\nmodel = rczoo.load("{known}")\n```\n\nThe model takes one-hot DNA, '
    said += f"(batch, 4, {of.task.length})."
    if chosen:
        return f"{said} It is the one recommended for {of.task.name}: the best on validation."
    if of.best:
        return f'{said} To predict, take `rczoo.load("{of.task.name}")`, which is {of.best}.'
    return said


def _place(about: Mapping[str, Any]) -> str:
    model, error = about["trained_as"], about["metrics"]["test"]["equivariance_error"]
    given = [f"{share:g}" for share in model["mixing"]] or ["none (one block: nothing to mix)"]
    shares = ", ".join(given if len(set(given)) > 1 else given[:1])  # one that holds everywhere is said once
    gain = f", gain {model['gain']:g}" if "gain" in model else ""
    agreement = f", agreement {about['agreement']:g}" if "agreement" in about else ""
    how = "equivariant by construction"
    if about["merge"] == "none":
        how = "an ordinary network of one strand, **not** equivariant"
    return (
        f"## In the family\n\n`{model['architecture']}`, {model['filters']} filters per strand, trained with "
        f"mixing {shares} and merge {model['merge']}{agreement}{gain}; published as "
        f"`{about['strategy']}`: {how}. Equivariance error measured on test examples: {error:.2g}."
    )


def _results(of: Subject) -> str:
    task, strategy, stats = of.task, of.strategy, of.stats
    shown = SHOWN[task.kind]
    names = [strategy, *baselines(of.rows, task.name)]
    lines = ["| test split | " + " | ".join(shown) + " |", "|---" * (len(shown) + 1) + "|"]
    lines += [
        f"| {name} | "
        + " | ".join(cell(stats.get((task.name, name, "test", m)), name != strategy) for m in shown)
        + " |"
        for name in names
    ]
    known = paper_cell(in_paper(task.name, strategy, shown[0]))
    beside = f" Zhou et al. 2022 have {shown[0]} {known}." if known else ""
    others = ", ".join(name for name in trained(of.rows, task.name) if name != strategy)
    return (
        "## Results\n\nMean ± standard deviation over all seeds trained (in brackets), test split; this "
        f"file is {_which(strategy)}.{beside}\n\n"
        + "\n".join(lines)
        + f"\n\n{_compared(of)}Other strategies on this task: {others or 'none'}."
    )


def _compared(of: Subject) -> str:
    """Whether it beats what needs no network."""
    metric, bar = SHOWN[of.task.kind][0], of.bar
    if not bar:
        return ""
    if beats_the_baseline(of.stats, of.task.name, of.strategy, of.task.kind):
        return f"Better in {metric} than the {bar}, the best of what needs no network. "
    return f"**No better in {metric} than the {bar}, which needs no network.** "


def _measured(of: Subject) -> Iterator[str]:
    """From which answer on to call, what known motifs do, and what the model rests on."""
    if of.measured is None:
        return
    if of.task.kind == "labels":
        yield threshold_section(of.measured.thresholds, of.about["outputs"] or [of.task.name])
    yield biology_section(of.measured)


def _example(of: Subject) -> str:
    """One sequence and what the model answers."""
    sequence, output = of.made.sequences[0], of.made.outputs[0]
    names = of.about["outputs"]
    if of.task.kind == "labels":
        told = ", ".join(f"{f'{n} ' if n else ''}{value:.4f}" for n, value in _named(names, output))
        text = f"the logit{'s' if len(output) > 1 else ''} {told}"
    else:
        peaks = [max(range(len(track)), key=track.__getitem__) for track in output]
        text = f"a profile whose channels are highest at positions {', '.join(map(str, peaks))}"
    return f"## Example\n\n```\n{sequence}\n```\n\nThe first test sequence, for which the answer is {text}."


def _named(names: list[str], output: list[float]) -> list[tuple[str, float]]:
    """Values with the names of their labels, where there are several."""
    return list(zip(names if len(names) == len(output) else [""] * len(output), output, strict=True))


def cell(stat: Stat | None, baseline: bool = False) -> str:
    """A statistic in a table; baselines have no seeds."""
    if stat is None:
        return ""
    if baseline:
        return f"{stat.mean:.4f}"
    spread = f" ± {stat.std:.4f}" if stat.seeds > 1 else ""
    return f"{stat.mean:.4f}{spread} ({stat.seeds})"


def paper_cell(known: tuple[float, float] | None) -> str:
    """The paper's mean and standard deviation in a table, if it has them."""
    return f"{known[0]:.4f} ± {known[1]:.4f}" if known else ""


def _which(strategy: str) -> str:
    """Which of a strategy's models is published."""
    if members(strategy):
        return "the ensemble of the first seeds, of which there is one"
    return "the seed that was best on validation, which may score otherwise"


def _training(task: Task, about: Mapping[str, Any]) -> str:
    return (
        f"## Training\n\n`python -m zoo job {task.name} {about['strategy_trained']} {about['seed']}`: "
        f"{about['epochs']} epochs, the best by validation {task.training.criterion} being "
        f"{about['best_epoch']}; {about['seconds']:.0f} s on {about['hardware']}; commit "
        f"{about['commit']}, torch "
        f"{about['provenance']['torch']}."
    )


def _use(task: Task) -> str:
    limits = LIMITS.get(task.data.source, "")
    return (
        "## Use and limits\n\nFor research on sequence models and on reverse complement. Not for clinical "
        f"decisions. {limits} The task's `expected.json` holds sequences with the outputs to expect, to 1e-5."
    )
