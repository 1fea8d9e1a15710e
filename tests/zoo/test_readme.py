"""The generated parts of the README and of the page on choosing: up to date, each number where it belongs."""

import math
import re

import numpy as np
import pytest

from tests.support.zoo_tasks import write_pack
from zoo.results import readme
from zoo.results.comparisons import AS_LARGE, COMPARISONS, DEFAULT, LEGNET, Pair, Verdict, on_test
from zoo.results.front import advice
from zoo.results.paired import Difference
from zoo.results.readme import CHOOSING, FIGURES, README, updated, write
from zoo.rows import Row

PICTURES = ("strands.svg", "choosing.svg")
ABOUT = {"epochs": 3, "seconds": 1.0, "hardware": "a machine", "commit": "abc"}


def row(strategy, seed, value, merge="mean", kind="model"):
    return Row("sim-200", strategy, kind, "", merge, seed, "test", "auroc", value, **ABOUT)


def small_plan(folder):
    path = folder / "sweep.toml"
    path.write_text('[[group]]\ntier = 1\ntasks = ["gcn4"]\nstrategies = ["rcps"]\nseeds = 1\n')
    return path


def evidence(rows, runs, plan):
    scores = readme._scores_of(rows)
    return readme.evidence(rows, scores, on_test(scores, runs, [c.pair for c in COMPARISONS]), plan)


def verdict(kind, **means):
    return Verdict(kind, {task: Difference(mean, 0.001, 0.001, 3) for task, mean in means.items()})


def test_the_readme_is_up_to_date(tmp_path):
    copies = {path: tmp_path / path.name for path in (README, CHOOSING)}
    for path, copy in copies.items():
        copy.write_bytes(path.read_bytes())
    write(*copies.values(), tmp_path)
    for path, copy in copies.items():
        assert copy.read_text("utf-8") == path.read_text("utf-8"), "run python -m zoo readme"
    for name in PICTURES:
        assert abs((tmp_path / name).stat().st_size - (FIGURES / name).stat().st_size) < 2000


def test_advice_follows_the_intervals():
    against = Pair("posthoc", "standard+aug")
    worse = {
        against: [verdict("labels", a=0.02, b=0.02)],
        Pair("rcps", "posthoc"): [verdict("labels", a=-0.1, b=-0.1)],
    }
    assert "it gives +0.020 auroc (+0." in advice(worse)
    assert "`rcps` -0.100 auroc" in advice(worse)
    assert "none is above `posthoc`" in advice(worse)
    better = worse | {
        Pair("new", "posthoc"): [verdict("profile", a=0.1, b=0.1)],
        Pair("one", "posthoc"): [verdict("labels", a=1)],
    }
    assert "Above `posthoc` by their intervals, where `agreement` says how much" in advice(better)
    assert "both strands' answers: `new` (+0.100 jsd (" in advice(better)
    assert "`one`" not in advice(better)
    chosen = {
        Pair(name, "posthoc"): [verdict(kind, a=0.1, b=0.1) for kind in DEFAULT] for name in DEFAULT.values()
    }
    assert advice(chosen).count("` (what validation chose: +0.100 auroc") == 1, "of labels the one point"
    assert advice(chosen).count("` (what validation chose: +0.100 jsd") == 1, "of profiles the other"
    as_many = {Pair(DEFAULT["labels"], AS_LARGE): [verdict(kind, a=-0.1, b=-0.1) for kind in DEFAULT]}
    assert "against `posthoc` of as many it gives -0.100 auroc (" in advice(worse | as_many)
    assert "-0.100 jsd" not in advice(worse | as_many)
    assert "of one seed" not in advice(better)
    once = {
        Pair("new", "posthoc"): [Verdict("labels", {t: Difference(0.1, math.nan, 0.001, 1) for t in "ab"})]
    }
    assert advice(worse | once).endswith("2 label tasks), of one seed each).")
    assert advice(worse).count(". ") + 1 == 3
    other = worse | {Pair(LEGNET, "posthoc"): [verdict("labels", a=0.1, b=0.1)]}
    assert "none is above `posthoc`" in advice(other), "of the same network"
    assert f"Where words beat this network, another counts for more: LegNet's (`{LEGNET}`) +0.100" in advice(
        other
    )
    assert advice(other).startswith(advice(worse))
    assert advice({**other, Pair(LEGNET, "posthoc"): [verdict("labels", a=-0.1, b=-0.1)]}) == advice(worse)


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
    assert "(../../zoo/figures/forest.svg)" in text
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


def test_a_readme_without_a_place_is_refused():
    with pytest.raises(ValueError, match="no place for models: put '<!-- models: begin -->'"):
        updated("# rczoo", {"models": "| |"})
    text = "<!-- models: begin (x) -->\nold\\1\n<!-- models: end -->\n"
    assert updated(text, {"models": "new\\1"}) == "<!-- models: begin (x) -->\nnew\\1\n<!-- models: end -->\n"
