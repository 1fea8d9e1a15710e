"""Model cards: what a published model is, in the form that Hugging Face reads."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rczoo.data.sources.splits import listed_chromosomes
from rczoo.data.task import Task
from rczoo.files.downloads import Source

from ..results.summary import HEADLINE, Key, Stat, baselines, beats_the_baseline, in_paper, to_beat, trained
from ..rows import Row
from ..strategies import members

SHOWN = {"labels": ("auroc", "auprc"), "profile": ("jsd", "pearson", "spearman")}
LIMITS = {
    "simulation": "The data are simulated: the model is for comparing methods, not for biology.",
    "chalmers-chipexo": (
        "Trained on windows centred on binding events of budding yeast: it says where reads fall around "
        "an event, "
        "not whether there is one."
    ),
    "intervals": "Trained on one yeast genome and one experiment; its negatives are other promoters, not "
    "all DNA.",
    "table": "Trained on a benchmark of human ChIP-seq peaks with matched negatives: scores are not "
    "occupancies.",
}


def card(
    task: Task,
    strategy: str,
    about: Mapping[str, Any],
    stats: Mapping[Key, Stat],
    rows: list[Row],
    error: float,
) -> str:
    """The text of a card; ``error`` is the equivariance error measured on the published file."""
    name = f"{task.name}/{strategy}"
    metric = HEADLINE[task.kind]
    parts = [
        _front(task, name, about["metrics"]["test"][metric], metric),
        f"# {name}\n\n{task.title}. {task.description}",
        f'```python\nimport rczoo\n\nmodel = rczoo.load("{name}")\n```\n\n'
        f"The model takes one-hot DNA, (batch, 4, {task.length}).",
        _origin(task),
        _place(about, error),
        _results(task, strategy, stats, rows),
        _data(task, about),
        _training(task, about),
        _use(task),
    ]
    return "\n\n".join(parts) + "\n"


def licences(task: Task) -> list[str]:
    """The licences of a task's files, each once."""
    sources = map(task.source, task.file_names())
    return list(dict.fromkeys(source.licence for source in sources if source))


def _front(task: Task, name: str, value: float, metric: str) -> str:
    return f"""---
library_name: rczoo
license: mit
tags:
- genomics
- reverse-complement
- {task.model.architecture}
model-index:
- name: {name}
  results:
  - task:
      type: {"text-classification" if task.kind == "labels" else "other"}
    dataset:
      name: {task.title!r}
      type: {task.name}
      split: test
    metrics:
    - type: {metric}
      value: {value:.4f}
---"""


def _origin(task: Task) -> str:
    """What was measured in what, who published it, and on which chromosomes the splits are."""
    origin = task.origin
    measured = {"organism": origin.organism, "assembly": origin.assembly, "assay": origin.assay}
    said = {**measured, "cell or strain": origin.cell, "splits": _splits(task)}
    lines = [f"* {name}: {value}" for name, value in said.items() if value]
    if origin.citation:
        cited = f"[{origin.citation}]({origin.url})" if origin.url else origin.citation
        lines.append(f"* please cite for the data: {cited}")
    return "## Origin\n\n" + "\n".join(lines)


def _splits(task: Task) -> str:
    """On which chromosomes the splits lie, in words; empty where they are not by chromosome."""
    splits = getattr(task.data, "splits", None)
    listed = listed_chromosomes(splits) if splits else {}
    return ", ".join(f"{split} {' '.join(names)}" for split, names in listed.items())


def _place(about: Mapping[str, Any], error: float) -> str:
    model = about["trained_as"]
    shares = ", ".join(f"{share:g}" for share in model["mixing"]) or "none (one block: nothing to mix)"
    agreement = f", agreement {about['agreement']:g}" if "agreement" in about else ""
    how = "equivariant by construction"
    if about["merge"] == "none":
        how = "an ordinary network of one strand, **not** equivariant"
    return (
        f"## In the family\n\n`{model['architecture']}`, {model['filters']} filters per strand, trained "
        "with mixing "
        f"{shares} and merge {model['merge']}{agreement}, gain {model['gain']:g}; published as "
        f"`{about['strategy']}`: {how}. "
        f"Equivariance error measured on this file: {error:.2g}."
    )


def _results(task: Task, strategy: str, stats: Mapping[Key, Stat], rows: list[Row]) -> str:
    shown = SHOWN[task.kind]
    names = [strategy, *baselines(rows, task.name)]
    lines = ["| test split | " + " | ".join(shown) + " |", "|---" * (len(shown) + 1) + "|"]
    lines += [
        f"| {name} | "
        + " | ".join(cell(stats.get((task.name, name, "test", m)), name != strategy) for m in shown)
        + " |"
        for name in names
    ]
    known = paper_cell(in_paper(task.name, strategy, shown[0]))
    beside = f" Zhou et al. 2022 have {shown[0]} {known}." if known else ""
    warning = ""
    if not beats_the_baseline(stats, task.name, strategy, task.kind):
        bar = to_beat(stats, task.name, task.kind)
        warning = f"**No better in {shown[0]} than the {bar}, which needs no network.** "
    others = ", ".join(name for name in trained(rows, task.name) if name != strategy)
    return (
        "## Results\n\nMean ± standard deviation over all seeds trained (in brackets), test split; this "
        f"file is {_which(strategy)}.{beside}\n\n"
        + "\n".join(lines)
        + f"\n\n{warning}Other strategies on this task: {others or 'none'}."
    )


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


def _data(task: Task, about: Mapping[str, Any]) -> str:
    sizes = ", ".join(f"{split} {found['examples']:,}" for split, found in about["data"].items())
    files = ", ".join(_file(name, task.source(name)) for name in task.file_names())
    terms = "; ".join(licences(task)) or "none needed"
    return (
        f"## Data\n\nTask file `{task.name}.toml`. Files: "
        f"{files or 'generated by rczoo, seed in the task file'}. Licence of the data: {terms}. "
        "Examples: "
        f"{sizes}; sha256 of the test split {about['data']['test']['sha256'][:16]}."
    )


def _file(name: str, source: Source | None) -> str:
    """A file and which version of it: its pinned address, and the beginning of its sha256."""
    if source is None:
        return f"`{name}`"
    return f"[`{name}`]({source.url})" + (f" (sha256 {source.sha256[:12]})" if source.sha256 else "")


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
        "decisions. "
        f"{limits} The task's `expected.json` holds sequences with the outputs to expect, to 1e-5."
    )
