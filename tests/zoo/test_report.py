"""The report: its tables, of whatever rows there are, and what it says of what was not run."""

import numpy as np
import pytest

from rczoo.data.task import load_task
from tests.support.zoo_tasks import write_pack
from zoo.fingerprints import recipe
from zoo.packs import CONFIGS, to_lines
from zoo.plan import Job
from zoo.results import square, subsets, tables
from zoo.results.comparisons import Pair, Verdict
from zoo.results.figures import panel_grid
from zoo.results.paired import Difference, difference
from zoo.results.parts import parts_table
from zoo.results.report import report
from zoo.results.summary import TO_BEAT, stand_in, summarise, to_beat
from zoo.results.trainings import best_late, longer_trainings, machines
from zoo.rows import Row, write_rows
from zoo.studies import learnt

SEEDS = (1, 2, 3, 4)
ABOUT = {"epochs": 3, "seconds": 1.0, "hardware": "a machine", "commit": "abc"}


def row(strategy, seed, value, split="test", metric="auroc", task="sim-200", merge="mean", kind="model"):
    return Row(task, strategy, kind, "", merge, seed, split, metric, value, **ABOUT)


@pytest.fixture
def runs(tmp_path):
    """Kept outputs of three strategies: one separates the classes, one is fair, one is noise."""
    rng = np.random.default_rng(0)
    target = rng.integers(0, 2, (200, 1)).astype(np.int8)
    outputs = {
        f"{name}/{seed}": (signal * target + rng.normal(size=target.shape)).astype(np.float16)
        for name, signal in [("rcps", 6.0), ("posthoc", 1.0), ("standard", 0.0)]
        for seed in SEEDS
    }
    write_pack(tmp_path / "sim-200", {"target": target}, outputs)
    return tmp_path


def test_parts_of_the_test_split_stand_apart():
    kinds = [("rcps", "model"), ("GC content", "baseline")]
    rows = [
        row(name, 1, value, split, metric, "ctcf-100", kind=kind)
        for (name, kind), value in zip(kinds, (0.9, 0.5), strict=True)
        for split in ("test", "test-peaks", "test-shuffles")
        for metric in ("auroc", "auprc")
    ]
    head, _, *lines = parts_table(rows, "ctcf-100", "labels").splitlines()
    assert head.count("against other peaks of their GC content") == head.count("against shuffles") == 2
    assert lines == [
        f"| {name} | " + " | ".join([text] * 4) + " |"
        for name, text in (("rcps", "0.9000 (1)"), ("GC content", "0.5000"))
    ]
    assert parts_table([row("rcps", 1, 0.9)], "sim-200", "labels") == ""


def test_machines_are_counted_by_training():
    rows = [row("standard", seed, 0.9, split) for seed in (1, 2) for split in ("train", "test")]
    rows += [
        row("posthoc-noaug", 1, 0.9),
        row("standard-ensemble-2", 1, 0.9),
        row("3-mer", 0, 0.8, kind="baseline"),
    ]
    rows += [row("rcps", 1, 0.9)._replace(hardware="a GPU")]
    assert machines(rows, "sim-200") == "Trained: 1 on a GPU, 2 on a machine."


def test_longer_trainings_say_what_they_took():
    rows = [row("rcps", seed, 0.9)._replace(epochs=epochs) for seed, epochs in ((1, 30), (2, 40))]
    long = row("rcps-160-epochs", 1, 0.9)._replace(epochs=160, seconds=2577.3)
    assert list(longer_trainings([*rows, long], "sim-200")) == [
        "`rcps-160-epochs`: 160 epochs in 2577 s on a machine; `rcps` stopped after 35 on average."
    ]
    assert not list(longer_trainings(rows, "sim-200"))


def test_frozen_statistics_stand_beside_the_others_and_the_paper():
    rows = [row("rcps", 1, 0.92), row("rcps-frozen-gain-2", 1, 0.96), row("posthoc", 1, 0.97)]
    *_, line = tables.frozen_table(rows, "sim-200", "labels").splitlines()
    assert line == "| rcps | 0.9200 (1) |  | 0.9600 (1) | 0.9609 ± 0.0101 |"
    assert set(tables.paper_gaps(rows, "sim-200", "labels")) == {"rcps", "rcps-frozen-gain-2", "posthoc"}


def test_gain_is_told_against_conjoined_here_and_in_the_paper():
    losses = [("conjoined", 200.0), ("rcps", 199.0), ("rcps-gain-2", 203.0)]
    rows = [row(name, 1, loss, "train", task="gcn4", metric="loss") for name, loss in losses]
    _, _, here, *paper = tables.gain_table(rows, ["gcn4"]).splitlines()
    assert here == "| gcn4 | -0.50% | +1.50% |  |  |"
    assert paper[1] == "| nanog, the paper |  | +0.11% |  | -0.28% |"
    assert len(paper) == 4


def test_means_and_deviations_over_seeds():
    stat = summarise([row("rcps", 1, 0.9), row("rcps", 2, 0.8)])["sim-200", "rcps", "test", "auroc"]
    assert stat.mean == pytest.approx(0.85)
    assert stat.std == pytest.approx(np.std([0.9, 0.8], ddof=1))
    assert stat.seeds == 2


def test_tables_stand_beside_the_paper():
    rows = [row("rcps", 1, 0.91), row("standard", 1, 0.9), row("3-mers", 0, 0.7, kind="baseline")]
    text = tables.results_table(rows, "sim-200", "labels")
    assert "| rcps | 0.9100 (1) | 0.9609 ± 0.0101 |" in text
    assert "| 3-mers | 0.7000 |  |" in text
    assert len({line.count("|") for line in text.splitlines()}) == 1
    gaps = tables.paper_gaps(rows, "sim-200", "labels")
    assert gaps == pytest.approx({"rcps": 0.91 - 0.96091, "standard": 0.9 - 0.91942})


def test_what_is_missing_is_listed():
    jobs = [Job("sim-200", "rcps", seed, 1) for seed in (1, 2, 3)] + [Job("gcn4", "rcps", 1, 1)]
    text = tables.missing_table(jobs, {("sim-200", "rcps", 1), ("gcn4", "rcps", 1)})
    assert "| 1 | sim-200 | 2 of 3 | rcps (2) |" in text
    assert "gcn4" not in text


def test_a_report_from_rows_and_kept_outputs(runs, tmp_path):
    rows = [
        row(name, seed, value + seed / 100, split)
        for name, value in [("standard", 0.8), ("rcps", 0.9), ("posthoc", 0.85)]
        for seed in SEEDS
        for split in ("train", "train-clean", "test")
    ] + [row("standard-1-epoch", 1, 0.6, task="mcm1")]
    text = report(rows, runs, tmp_path / "RESULTS.md").read_text()
    assert "beyond 0.012: standard" in text.lower()
    assert "## Not run" in text
    assert "yeast-tss" in text
    drawn = (tmp_path / "figures" / "forest.svg").read_text()
    assert "<!-- sim-200 -->" in drawn
    assert "<!-- rcps -->" in drawn
    assert "| sim-200, auroc | -0.0500\\* (" in text
    assert "(figures/forest.svg)" in text
    assert "## mcm1" in text
    assert "mcm1" not in drawn, "one epoch is no result to compare"
    assert "**mcm1**" not in text
    assert "<!-- strands mixed: the family, RCPS -->" in (tmp_path / "figures" / "train-test.svg").read_text()
    again = {path: path.read_bytes() for path in tmp_path.rglob("*.svg")}
    report(rows, runs, tmp_path / "RESULTS.md")
    assert again == {path: path.read_bytes() for path in tmp_path.rglob("*.svg")}, "figures are reproducible"


@pytest.mark.parametrize(
    "rows",
    [
        [],
        [row("k-mer logistic regression", 0, 0.7, kind="baseline")],
        [row("standard-1-epoch", 1, 0.6, split, task="mcm1") for split in ("train", "test")],
        [row("rcps", seed, 0.6, split) for seed, split in ((1, "train"), (1, "test"), (2, "train"))],
        [row(name, seed, 0.6) for seed, name in enumerate(("posthoc", "conjoined"))],
    ],
    ids=["nothing", "references", "trials", "one strategy", "no seed in common"],
)
def test_a_report_of_little_says_so(tmp_path, rows):
    text = report(rows, tmp_path, tmp_path / "RESULTS.md").read_text()
    assert "No two strategies that are compared have a seed of a task in common yet." in text
    assert "forest.svg" not in text
    assert not (tmp_path / "figures" / "forest.svg").exists()
    for task in {r.task for r in rows}:
        assert f"\n## {task}\n" in text
    assert ("No training has results yet: `python -m zoo sweep`" in text) == all(
        r.kind != "model" for r in rows
    )
    assert "## Without batch statistics" in text, "the README links to it"
    assert "## Doubled gain" in text


def test_a_report_counts_trainings_that_were_stopped_while_they_learnt(runs, tmp_path):
    configs = {f"standard/{seed}": {"best_epoch": seed, "history": [{}] * 4} for seed in SEEDS}
    (runs / "sim-200" / CONFIGS).write_bytes(to_lines({}, {}, configs))
    rows = [row(name, seed, 0.8) for name in ("standard", "posthoc-noaug") for seed in SEEDS]
    text = report(rows, runs, tmp_path / "RESULTS.md").read_text()
    assert "Trained: 4 on a machine. Best in the last two epochs: 2 of 4." in text
    assert "so perhaps stopped while they learnt: 2 of 4 trainings." in text


@pytest.mark.parametrize("present", [True, False])
def test_a_report_draws_the_present_recipe_and_names_an_earlier_one(runs, tmp_path, present):
    history = [{"epoch": n, "auroc": 0.5 + n / 10} for n in (1, 2, 3)]
    configs = {f"rcps/{seed}": {"best_epoch": 1, "history": history} for seed in SEEDS}
    known = recipe(load_task("sim-200")) if present else {"model": {}}
    (runs / "sim-200" / CONFIGS).write_bytes(to_lines({}, known, configs))
    text = report([row("rcps", seed, 0.8) for seed in SEEDS], runs, tmp_path / "RESULTS.md").read_text()
    assert ("## Learning curves" in text) == present
    assert (tmp_path / "figures" / "curves.svg").exists() == present
    assert ("Trained before the task file was as it is now" in text) == (not present)


def test_best_in_the_last_two_epochs():
    def config(best, epochs):
        return {"best_epoch": best, "history": [{"epoch": e + 1} for e in range(epochs)]}

    configs = {"rcps/1": config(8, 10), "rcps/2": config(9, 10), "rcps-gain-2/1": config(10, 10)}
    assert best_late(configs) == (2, 3)
    assert best_late({**configs, "standard-1-epoch/1": config(1, 1)}) == (2, 3), "a trial has no later epoch"
    assert best_late({**configs, "posthoc-ensemble-3/1": {"members": []}}) == (2, 3), "nothing is trained"
    assert best_late({}) == (0, 0)


def test_the_bar_is_the_strongest_reference_and_the_report_says_who_is_below(runs, tmp_path, monkeypatch):
    rows = [row("rcps", seed, 0.9) for seed in SEEDS] + [row("standard", seed, 0.8) for seed in SEEDS]
    references = {"3-mer logistic regression": 0.7, "k-mer logistic regression": 0.85, "motif scan": 0.6}
    rows += [row(name, 0, value, kind="baseline") for name, value in references.items()]
    assert to_beat(summarise(rows), "sim-200", "labels") == "k-mer logistic regression"
    text = report(rows, runs, tmp_path / "RESULTS.md").read_text()
    assert (
        "To beat: k-mer logistic regression, 0.8500. In the mean over seeds no better than that: `standard`."
        in text
    )
    fewer = [r for r in rows if not r.strategy.startswith("k-mer")]
    assert to_beat(summarise(fewer), "sim-200", "labels") == "3-mer logistic regression"
    assert to_beat(summarise(rows), "sim-1000", "labels") is None
    profile = [row("mean training profile", 0, 0.1, metric="jsd", task="gcn4", kind="baseline")]
    profile += [row("sampling floor", 0, 0.01, metric="jsd", task="gcn4", kind="baseline")]
    assert to_beat(summarise(profile), "gcn4", "profile") == "mean training profile", "a floor is no bar"
    monkeypatch.setitem(TO_BEAT, "profile", ("mean training profile", "sampling floor"))
    assert to_beat(summarise(profile), "gcn4", "profile") == "sampling floor", "lower is better"


SURE, FLAT = Difference(0.1, 1e-4, 1e-4, 3), difference([0.1, -0.1])


def test_a_comparison_is_one_line():
    verdict = Verdict("labels", {"a": SURE, "b": FLAT, "c": FLAT})
    *_, line = tables.comparisons_table({Pair("rcps-mean", "rcps"): [verdict]}).splitlines()
    mean, low, high = verdict.pooled.mean, verdict.pooled.low, verdict.pooled.high
    assert line == (
        "| merge, mixing 1: `rcps-mean` against `rcps`; both strands' features are averaged, not added "
        f"| 3 label | {mean:+.4f} auroc | {low:+.4f} to {high:+.4f} | 1 of 3 | 1 | 1 (a) | 0 |"
    )


def test_tasks_stand_beside_each_other():
    found = {
        "rcps": [Verdict("labels", {"a": SURE, "b": FLAT}), Verdict("profile", {"p": SURE})],
        "standard": [Verdict("labels", {"b": FLAT})],
    }
    head, _, a, b, p = tables.against_table(found).splitlines()
    assert head == "| against `posthoc` | `rcps` | `standard` |"
    low, high = SURE.interval
    assert a == f"| a, auroc | +0.1000\\* ({low:+.4f} to {high:+.4f}; 3) |  |"
    assert b.count("; 2)") == 2
    assert "*" not in b
    assert p.startswith("| p, jsd | +0.1000")


def test_panels_stand_in_rows_of_three():
    figure, axes = panel_grid(4, 2.0, 1.0)
    assert tuple(figure.get_size_inches()) == (6, 2)
    figure.draw_without_rendering()
    corners = [ax.get_position().bounds[:2] for ax in axes]
    assert len(figure.axes) == len(axes) == 4, "no empty panels"
    assert corners[0][1] == corners[1][1] == corners[2][1] > corners[3][1]
    assert corners[3][0] == corners[0][0]


def test_stand_ins_are_called_so():
    assert "the paper's own simulation" in stand_in("sim-1000")
    assert "stand-in for the paper's Oct4" in stand_in("gcn4")
    assert "stand-in for the paper's CTCF" in stand_in("reb1")


def square_of(task, best, worst, metric="auroc", seeds=(1, 2)):
    """Every point of a small square alike, but one that is best, and one that is worst."""
    names = ["conjoined", "mixing-0-agreement-2", "rcps-mean", "mixing-1-agreement-2"]
    value = {best: 0.9 if metric == "auroc" else 0.1, worst: 0.5}
    return [
        row(name, seed, value.get(name, 0.65 if metric == "auroc" else 0.3), split, metric, task)
        for name in names
        for seed in seeds
        for split in ("train", "validation", "test")
    ]


def test_strategies_are_points_of_the_square():
    assert square.point("mixing-0.5-agreement-4") == (0.5, 4)
    assert square.point("conjoined") == (0, 0)
    assert square.point("rcps-mean") == (1, 0)
    assert square.point("rcps") is None, "its merge is the sum"
    assert square.point("mixing-1-agreement-2-subset-0.1") is None


def test_validation_chooses_a_point_by_ranks_on_tasks_of_either_kind():
    rows = square_of("sim-200", "mixing-1-agreement-2", "conjoined")
    rows += square_of("gcn4", "mixing-1-agreement-2", "rcps-mean", "jsd")
    kinds = {"sim-200": "labels", "gcn4": "profile"}
    found = square.squares(rows, kinds)

    def chosen(rows, found, kinds):
        return next(iter(square.ranking(rows, found, kinds)), None)

    assert chosen(rows, found, kinds) == (1, 2)
    on_test = [r for r in rows if r.strategy == "conjoined" and r.split == "test"]
    others = [r for r in rows if r not in on_test]
    better = [r._replace(value=1.0 if r.metric == "auroc" else 0.0) for r in on_test]
    assert chosen([*others, *better], found, kinds) == (1, 2), "the test split has no vote"
    corner = square_of("gue-tf3", "conjoined", "rcps-mean")
    corner = [r for r in corner if r.strategy != "mixing-0-agreement-2"]
    more = {**kinds, "gue-tf3": "labels"}
    assert chosen([*rows, *corner], square.squares([*rows, *corner], more), more) == (1, 2)
    assert chosen(rows, {"gcn4": found["gcn4"]}, kinds) is None, "one task alone"
    corners = {task: {p: name for p, name in points.items() if p != (1, 2)} for task, points in found.items()}
    assert chosen(rows, {**corners, "gcn4": found["gcn4"]}, kinds) == (0, 2), "what two tasks have"
    apart = {task: {p: n for p, n in found[task].items() if p[0] == m} for m, task in enumerate(found)}
    assert chosen(rows, apart, kinds) is None, "nothing in common"


def test_a_point_alone_is_no_square_of_which_one_is_chosen():
    kinds = dict.fromkeys(["ctcf-100", "elk1"], "labels")
    rows = [r for task in kinds for r in square_of(task, "mixing-1-agreement-2", "conjoined")]
    assert square.squares([r for r in rows if r.strategy == "mixing-1-agreement-2"], kinds) == {}
    assert set(square.squares(rows, kinds)) == set(kinds)


def test_the_square_s_tables_and_heat_map(tmp_path):
    rows = square_of("sim-200", "mixing-1-agreement-2", "conjoined")
    rows += [row("rcps-mean", 1, 0.25, metric="strands_apart")]
    points = square.square(rows, "sim-200")
    table = square.square_table(rows, "sim-200", "labels", points).splitlines()
    assert table[0] == "| mixing, agreement | 0 | 2 |"
    assert table[2] == "| 0 | 0.5000 ± 0.0000 (2) | 0.6500 ± 0.0000 (2) |"
    lower = [r._replace(value=r.value - 0.1) if r.split == "train" else r for r in rows]
    assert "-0.1000 | -0.1000" in square.lost_table(lower, "sim-200", "labels", points)
    assert square.apart_table(rows, "sim-200", points).splitlines()[-1] == "| 1 | 0.2500 |  |"
    drawn = square.square_figure(tmp_path / "s.svg", rows, {"sim-200": points}, {"sim-200": "labels"})
    assert drawn.stat().st_size


def test_scores_by_share_of_the_examples(tmp_path):
    values = {"posthoc-subset-0.3": 0.8, "posthoc-subset-0.1": 0.7, "posthoc": 0.9, "rcps": 0.9}
    rows = [row(name, 1, value) for name, value in values.items()]
    found = subsets.parts_of(rows, "sim-200")
    assert found == {"posthoc": {0.1: "posthoc-subset-0.1", 0.3: "posthoc-subset-0.3", 1.0: "posthoc"}}
    table = subsets.subset_table(rows, "sim-200", "labels", found).splitlines()
    assert table[0] == "| auroc, test | 10% of the examples | 30% of the examples | 100% of the examples |"
    assert table[2] == "| posthoc | 0.7000 (1) | 0.8000 (1) | 0.9000 (1) |"
    subsets.subset_figure(tmp_path / "s.svg", rows, {"sim-200": found}, {"sim-200": "labels"})


def test_how_trainings_went_beside_an_earlier_commit(tmp_path):
    history = [{"loss": 0.5, "auroc": 0.8}, {"loss": 0.6, "auroc": 0.75}, {"loss": 0.3, "auroc": 0.9}]
    assert learnt.went({"history": history, "best_epoch": 3}) == ["3", "3", "1.20", "0.0500"]
    assert learnt.went({"history": history[1:], "best_epoch": 2})[2:] == ["0.50", "0.0000"]
    rows = [row("rcps", 1, 0.9), row("rcps", 1, 0.99, "train"), row("rcps-ensemble-2", 1, 0.95)]
    write_pack(tmp_path / "sim-200", {}, {})
    results = tmp_path / "results.csv"
    write_rows(results, rows)
    (text,) = learnt.tables(["sim-200"], {("sim-200", "rcps", 1): 0.8}, tmp_path, results)
    assert "| rcps | 1 | 0.8000 | 0.9000 |  |  |  |  |" in text
    assert text.splitlines()[-1].startswith("| rcps-ensemble-2 | 1 | not run | 0.9500 |")
    known = learnt.earlier("HEAD")
    assert known["rap1", "posthoc", 1535] > 0.9
