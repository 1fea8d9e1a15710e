"""The README's generated parts: up to date, with each model and score where it belongs."""

import re
from pathlib import Path

import numpy as np
import pytest

from rczoo.hub.index import INDEX, parse_index
from tests.support.zoo_tasks import write_pack
from zoo.plan import MODELS
from zoo.results.readme import evidence, models_table, updated, write
from zoo.rows import Row

README = Path(__file__).parents[2] / "README.md"
ABOUT = {"epochs": 3, "seconds": 1.0, "hardware": "a machine", "commit": "abc"}


def row(strategy, seed, value, merge="mean", kind="model"):
    return Row("sim-200", strategy, kind, "", merge, seed, "test", "auroc", value, **ABOUT)


def small_plan(folder):
    path = folder / "sweep.toml"
    path.write_text('[[group]]\ntier = 1\ntasks = ["gcn4"]\nstrategies = ["rcps"]\nseeds = 1\n')
    return path


def test_the_readme_is_up_to_date(tmp_path):
    copy = tmp_path / "README.md"
    copy.write_text(README.read_text("utf-8"), "utf-8")
    write(copy)
    assert copy.read_text("utf-8") == README.read_text("utf-8"), "run python -m zoo readme"


def test_evidence_says_how_much_there_is(tmp_path):
    plan = tmp_path / "sweep.toml"
    plan.write_text(
        '[[group]]\ntier = 1\ntasks = ["sim-200"]\nstrategies = ["rcps", "standard"]\nseeds = 3\n', "utf-8"
    )
    from rczoo.training.trainer import SEEDS

    text = evidence(
        [
            row("rcps", SEEDS[0], 0.5),
            row("rcps", SEEDS[1], 0.7),
            row("conjoined-frozen", SEEDS[0], 0.8),
            row("3-mer logistic regression", 0, 0.9, kind="baseline"),
        ],
        tmp_path,
        plan,
    )
    assert "| sim-200, auroc ↑ | 0.9000 |  |  |  |  | 0.6000 ± 0.1414 (2) |" in text
    assert "| the paper |  | 0.9194 ± 0.0036 |" in text
    assert "| sim-200, without batch statistics | 0.9000 |  |  |  | 0.8000 (1) |  |" in text
    assert "are in: tier 1 2 of 6; the others have not been measured." in text
    assert text.count("0.9000") == 2
    assert "More than 0.012 from the paper's mean: sim-200 `rcps` -0.3609." in text


def test_evidence_is_sentences_with_intervals(tmp_path):
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, (200, 1)).astype(np.int8)
    names = ("standard", "standard+aug", "posthoc", "conjoined")
    outputs = {f"{n}/{s}": target + rng.normal(size=target.shape) for n in names for s in (1, 2)}
    write_pack(tmp_path / "sim-200", {"target": target}, outputs)
    rows = [row(n, s, 0.5 + 0.1 * i + 0.01 * s) for i, n in enumerate(names) for s in (1, 2)]
    rows += [r._replace(split="train-clean", value=1.0) for r in rows]
    text = evidence(rows, tmp_path, small_plan(tmp_path))
    assert "\n* **Augmentation** (training also sees the reverse complement of every sequence), " in text
    assert "`standard+aug` against `standard`: +0.1000 auroc (+0.0" in text
    assert "\n* **In training**, `conjoined` against `posthoc`: +0.0000 auroc (" in text
    assert "(zoo/figures/forest.svg)" in text
    assert "rcps-mean" not in text
    assert not re.search(r"first on|\d of \d+ tasks|more closely", text)


@pytest.mark.parametrize(
    "rows", [[], [row("k-mer logistic regression", 0, 0.9, kind="baseline")]], ids=["nothing", "references"]
)
def test_evidence_of_nothing_says_nothing(tmp_path, rows):
    text = evidence(rows, tmp_path, small_plan(tmp_path))
    planned = "Of the trainings planned in `zoo/sweep.toml` are in: tier 1 0 of 1;"
    assert text == f"{planned} the others have not been measured."


def test_the_rest_of_the_readme_counts_no_wins():
    assert not re.search(r"[Ff]irst on|\d+ of \d+ tasks|more closely", README.read_text("utf-8"))


def test_every_model_is_in_the_table():
    index = parse_index((MODELS / INDEX).read_bytes(), "here")
    table = models_table(index)
    for name, entry in index.items():
        task, strategy = name.split("/")
        (line,) = [line for line in table.splitlines() if line.startswith(f"| `{task}` |")]
        metric = "auroc" if "auroc ↑" in line else "jsd"
        assert f"`{strategy}` {entry.metrics[metric]:.4f}" in line
    assert table.index("`standard`") < table.index("`rcps`")


def test_a_readme_without_a_place_is_refused():
    with pytest.raises(ValueError, match="no place for models: put '<!-- models: begin -->'"):
        updated("# rczoo", {"models": "| |"})
    text = "<!-- models: begin (x) -->\nold\\1\n<!-- models: end -->\n"
    assert updated(text, {"models": "new\\1"}) == "<!-- models: begin (x) -->\nnew\\1\n<!-- models: end -->\n"
