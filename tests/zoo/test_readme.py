"""The README's generated parts: up to date, with each model and score where it belongs."""

from pathlib import Path

import pytest

from rczoo.hub.index import INDEX, parse_index
from zoo.plan import MODELS
from zoo.results.readme import evidence, models_table, updated, write
from zoo.results.summary import PAPER
from zoo.rows import Row

README = Path(__file__).parents[2] / "README.md"
ABOUT = {"epochs": 3, "seconds": 1.0, "hardware": "a machine", "commit": "abc"}


def row(strategy, seed, value, merge="mean", kind="model"):
    return Row("sim-200", strategy, kind, "", merge, seed, "test", "auroc", value, **ABOUT)


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
        plan,
    )
    assert "| sim-200, auroc ↑ | 0.9000 |  |  |  |  | 0.6000 ± 0.1414 (2) |" in text
    assert "| the paper |  | 0.9194 ± 0.0036 |" in text
    assert "| sim-200, without batch statistics | 0.9000 |  |  |  | 0.8000 (1) |  |" in text
    assert "are in: tier 1 2 of 6; the others have not been measured." in text
    assert text.count("0.9000") == 2
    assert "More than 0.012 from the paper's mean: sim-200 `rcps` -0.3609." in text


def test_evidence_compares_what_has_all_of_the_paper_s_strategies(tmp_path):
    (tmp_path / "sweep.toml").write_text(
        '[[group]]\ntier = 1\ntasks = ["gcn4"]\nstrategies = ["rcps"]\nseeds = 1\n'
    )
    rows = [row(name, 1, 0.5 + 0.01 * place) for place, name in enumerate(PAPER)]
    assert "six strategies" not in evidence(rows[:-1], tmp_path / "sweep.toml")
    rows += [r._replace(split="train", value=1.0) for r in rows]
    text = evidence(rows, tmp_path / "sweep.toml")
    assert "`posthoc` is first on 0 of 1 and second on 0 ([all ranks](zoo/RESULTS.md#ranks))." in text
    assert (
        "`conjoined` loses more than `posthoc` between training and test on 0 of 1 tasks (not sim-200)."
        in text
    )


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
