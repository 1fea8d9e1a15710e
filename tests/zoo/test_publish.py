"""Publishing and verifying: models that prove themselves from disk, and those that cannot."""

import hashlib
import json
import math
import re
import shutil
from dataclasses import replace

import numpy as np
import pytest
import torch

import zoo.publishing.publish
import zoo.publishing.verify
from rczoo import build
from rczoo.data.task import load_task
from rczoo.family.checkpoint import load_checkpoint, read_config, save_checkpoint
from rczoo.hub import published as hub
from rczoo.hub.index import parse_index
from tests.support.zoo_tasks import write_tiny
from zoo.packs import Pack, gather, to_lines
from zoo.plan import Job
from zoo.publishing.by_label import by_label
from zoo.publishing.calibration import Bin, calibration_error, reliability
from zoo.publishing.card import Subject, card
from zoo.publishing.cards import write_cards
from zoo.publishing.expected import Expected, answers, equivariance, keep, read
from zoo.publishing.index import write_index
from zoo.publishing.members import training
from zoo.publishing.prune import prune
from zoo.publishing.publish import drop_unnamed, prove, publish
from zoo.publishing.recommended import recommended
from zoo.publishing.threshold import Threshold, on_test, threshold, threshold_section
from zoo.publishing.verify import difference, verify
from zoo.results.parts import labels_table
from zoo.results.summary import TO_BEAT, Stat, beats_the_baseline
from zoo.studies.biology import measured
from zoo.studies.biology.measured import complete
from zoo.sweep.job import run


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """A folder with a tiny task, its runs and its published models."""
    folder = tmp_path_factory.mktemp("zoo")
    task = write_tiny(folder)
    for strategy, seed in [("standard+aug", 1535), ("conjoined", 1535), ("conjoined", 1780)]:
        run(Job(str(task), strategy, seed), folder / "runs")
    publish(gather(folder / "runs"), folder / "runs", folder / "models", folder)
    return folder


@pytest.fixture
def copy(published, tmp_path):
    return shutil.copytree(published, tmp_path / "zoo")


def test_published_models_load_by_name_and_are_those_of_the_runs(published, monkeypatch):
    monkeypatch.setattr(hub, "bundled_folder", lambda: published / "models")
    monkeypatch.delenv("RCZOO_HUB", raising=False)
    names = [f"tiny/{name}" for name in ("conjoined", "posthoc", "standard+aug")]
    assert sorted(hub.list_models("tiny/*")) == names, "another merge of posthoc is one call"
    trained = hub.load("tiny/standard+aug")
    weights = published / "runs" / "tiny" / "standard+aug" / "1535" / "model.safetensors"
    config = Pack(published / "runs" / "tiny").config("standard+aug", 1535)
    assert hashlib.sha256(weights.read_bytes()).hexdigest() == config["sha256"]
    assert read_config(published / "models" / "tiny" / "standard+aug")["sha256"] == config["sha256"]
    assert json.loads(json.dumps(trained.config.keywords())) == config["model"]
    found = hub.load("tiny/posthoc")
    assert found.config == trained.remerge("mean").config
    for key, value in trained.state_dict().items():
        assert torch.equal(found.state_dict()[key], value)


def test_the_published_seed_is_the_best_on_validation(published):
    rows = [r for r in gather(published / "runs") if r.strategy == "conjoined" and r.metric == "auroc"]
    best = max((row for row in rows if row.split == "validation"), key=lambda row: row.value)
    assert read_config(published / "models" / "tiny" / "conjoined")["seed"] == best.seed


def test_pruned_runs_are_published_as_before(copy):
    runs, models = copy / "runs", copy / "models"
    rows = gather(runs)
    chosen = read_config(models / "tiny" / "conjoined")["seed"]
    (other,) = {1535, 1780} - {chosen}
    unpublished = copy / "elsewhere"
    assert prune(rows, runs, {"tiny": "auroc"}, unpublished) == [
        runs / "tiny/conjoined" / str(other) / "model.safetensors"
    ]
    assert gather(runs) == rows
    assert prune(rows, runs, {"tiny": "auroc"}, unpublished) == []
    assert prune(rows, runs, {"tiny": "auroc"}, models) == [
        runs / "tiny" / run / "model.safetensors" for run in (f"conjoined/{chosen}", "standard+aug/1535")
    ], "published weights are kept once"
    before = {path: path.read_bytes() for path in models.rglob("*") if path.is_file()}
    publish(rows, runs, models, copy)
    assert {path: path.read_bytes() for path in models.rglob("*") if path.is_file()} == before


def test_recommended_models_are_measured_once_and_their_cards_say_what_came_of_it(copy, monkeypatch):
    monkeypatch.setattr(measured, "scores_of", lambda model, task, number, codes: np.ones(codes.shape))
    runs, models = copy / "runs", copy / "models"
    assert list(complete(models, tasks=copy)) == ["tiny"]
    assert list(complete(models, tasks=copy)) == []
    known = measured.read(copy / measured.MEASURED)["tiny"]
    assert [one.output for one in known.effects] == ["ELF1", "GATA", "RXRA"]
    write_cards(gather(runs), runs, models, copy)
    texts = {f"tiny/{path.parent.name}": path.read_text() for path in models.glob("tiny/*/README.md")}
    assert {name for name, text in texts.items() if "## Does it find biology?" in text} == {known.model}
    assert texts[known.model].count("raises the logit by") == 3
    assert "## Threshold" in texts[known.model]
    assert "GATA" in texts[known.model].partition("To beat: the best of ")[2], "each label beside its bar"
    monkeypatch.setattr(measured, "VERSION", measured.VERSION + 1)
    write_cards(gather(runs), runs, models, copy)
    assert "find biology" not in (models / known.model / "README.md").read_text(), (
        "that was another measurement"
    )


@pytest.mark.parametrize("seed", range(3))
def test_a_threshold_calls_as_much_as_one_wrong_call_in_ten_allows(seed):
    rng = np.random.default_rng(seed)
    target, logits = rng.integers(0, 2, 60).astype(float), rng.integers(-3, 12, 60).astype(float)
    logits[target > 0] += 4
    target[:5] = np.nan  # not measured
    allowed = []
    for logit in set(logits.tolist()):
        called = target[(logits >= logit) & ~np.isnan(target)]
        if len(called) and np.mean(called == 0) <= 0.1:
            allowed.append(logit)
    assert threshold(target, logits) == min(allowed)


def test_labels_that_cannot_be_called_have_no_threshold():
    assert threshold(np.array([0.0, 0.0, 1.0]), np.array([3.0, 2.0, 1.0])) is None
    found = on_test("GATA", 1.5, np.array([0.0, 1.0, 1.0, 0.0, np.nan]), np.array([2.0, 3.0, 1.0, 0.0, 9.0]))
    assert found == Threshold("GATA", 1.5, found=0.5, wrong=0.5)
    text = threshold_section([found], ["GATA", "ELF1"])
    assert "| GATA | 1.500 | 50.0% | 50.0% |" in text
    assert "No logit keeps ELF1 to 10% on the validation split." in text


def test_weights_of_a_run_that_is_not_packed_are_not_pruned(copy):
    rows = gather(copy / "runs")
    weights = copy / "runs" / "tiny" / "rcps" / "1535" / "model.safetensors"
    weights.parent.mkdir(parents=True)
    weights.write_bytes(b"half a training")
    prune(rows, copy / "runs", {"tiny": "auroc"}, copy / "models")
    assert weights.exists()


def test_models_of_one_training_share_one_file_of_weights(published):
    index = json.loads((published / "models" / "index.json").read_text())["models"]
    places = {name: about["files"]["model.safetensors"]["path"] for name, about in index.items()}
    derived = [places[f"tiny/{name}"] for name in ("standard+aug", "posthoc")]
    assert len(set(derived)) == 1
    assert places["tiny/conjoined"] not in derived
    found = {path.relative_to(published / "models").as_posix() for path in published.glob("models/**/*.saf*")}
    assert found == set(places.values())
    assert (index["tiny/posthoc"]["merge"], index["tiny/standard+aug"]["merge"]) == ("mean", "none")


def test_weights_that_no_entry_names_are_removed(copy):
    models = copy / "models"
    for name in ("posthoc", "conjoined"):
        shutil.rmtree(models / "tiny" / name)
    write_index(models)
    weights = sorted((models / "weights").iterdir())
    (removed,) = drop_unnamed(models)
    left = json.loads((models / "index.json").read_text())["models"]["tiny/standard+aug"]["files"]
    assert [removed, models / left["model.safetensors"]["path"]] in (weights, weights[::-1])
    assert drop_unnamed(models) == []


@pytest.mark.parametrize("spoil", [lambda path: path.write_bytes(b"other"), lambda path: path.unlink()])
def test_a_run_whose_weights_are_lost_is_refused_and_the_others_are_published(copy, spoil):
    runs, models = copy / "runs", copy / "models"
    rows, before = gather(runs), (models / "index.json").read_bytes()
    spoil(runs / "tiny" / "standard+aug" / "1535" / "model.safetensors")
    publish(rows, runs, models, copy)
    assert (models / "index.json").read_bytes() == before, "the published weights are those of the run"
    lost = r"not published:\n(the weights of tiny/standard\+aug, seed 1535, are neither in .*\n?){2}"
    with pytest.raises(ValueError, match=lost):
        publish(rows, runs, copy / "elsewhere", copy)
    assert hub.load(copy / "elsewhere" / "tiny" / "conjoined").config.merge == "mean"


def test_a_run_that_is_not_packed_is_refused_in_one_line(copy):
    rows = gather(copy / "runs")
    pack = Pack(copy / "runs" / "tiny")
    (pack.folder / "runs.json").write_bytes(to_lines(pack.data(), pack.recipe(), {}))
    with pytest.raises(ValueError, match=r"runs\.json has no run conjoined/\d+: python -m zoo collect"):
        publish(rows, copy / "runs", copy / "models", copy)


def test_cards_say_what_a_reader_needs(published):
    text = (published / "models" / "tiny" / "posthoc" / "README.md").read_text()
    assert text.startswith("---\nlibrary_name: rczoo\n")
    for part in (
        "## Results",
        "## Data",
        "## Training",
        "## Use and limits",
        "Equivariance error",
        "## Example",
    ):
        assert part in text
    assert "python -m zoo job tiny standard+aug 1535" in text
    conjoined = (published / "models" / "tiny" / "conjoined" / "README.md").read_text()
    assert "(2) |" in conjoined, "two seeds"


def subject(published, strategy="conjoined", **changes):
    """What the card of a tiny model is written from, with other things in it."""
    folder, task = published / "models" / "tiny" / strategy, load_task(str(published / "tiny.toml"))
    kept = Subject(task, strategy, read_config(folder), gather(published / "runs"), read(folder))
    return replace(kept, **changes)


def profile(published, **about):
    """The same for a profile: that of another task, with made-up numbers."""
    metrics = {"test": {"jsd": 0.1, "equivariance_error": 0.0}}
    kept = {
        **read_config(published / "models" / "tiny" / "conjoined"),
        "outputs": ["Gcn4"],
        "metrics": metrics,
    }
    made = Expected(["ACGT"], [[[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]])
    return subject(published, task=load_task("gcn4"), about={**kept, **about}, rows=[], made=made)


def test_cards_say_where_the_data_come_from(published):
    text = card(profile(published))
    for line in (
        "* organism: yeast",
        "* outputs: Gcn4",
        "* window: 445 bases; the profile is at bases 173 to 271 of them, counted from 0",
        "* splits by chromosome: validation chr7, test chr4 chr15",
        "* to cite for the data: [Börlin et al. 2019",
        "18 of [SysBioChalmers/ChIPexo_Pipeline](https://github.com/SysBioChalmers/ChIPexo_Pipeline/tree/7fa9dcf",
        "whose channels are highest at positions 1, 2.",
        "- yeast",
    ):
        assert line in text, line
    assert text.count("https://") < 5, "one line for eighteen files"
    mixture = card(subject(published, task=load_task("gue-tf0"), rows=[]))
    assert "which are of several factors by their words" in mixture


def test_a_card_says_the_agreement_of_a_training(published):
    about = read_config(published / "models" / "tiny" / "conjoined")
    assert "agreement" not in about, "as nothing was asked for"
    made = training({**about, "history": [], "agreement": 2.0})
    assert "merge mean, agreement 2, gain 1;" in card(profile(published, **made))


def test_a_card_says_which_architecture_and_where_it_mixes(published):
    network = build("legnet", mixing=0.5, filters=4, length=40)
    text = card(profile(published, trained_as=network.config.keywords()))
    assert "`legnet`, 4 filters per strand, trained with mixing 0.5 and merge mean; published" in text
    assert "- legnet\n" in text, "not the architecture of the task"
    network = build("tf-cnn", mixing=[0.5, 1.0], length=80)
    assert "trained with mixing 0.5, 1 and merge sum, gain 1;" in card(
        profile(published, trained_as=network.config.keywords())
    )


def test_a_card_says_which_model_to_take(published):
    best = card(subject(published, best="conjoined"))
    assert 'rczoo.load("tiny")' in best
    assert "It is the one recommended for tiny: the best on validation." in best
    assert 'To predict, take `rczoo.load("tiny")`, which is posthoc.' in card(
        subject(published, best="posthoc")
    )


def test_a_card_says_whether_a_model_is_better_than_counting_words(published):
    rows, strategy = gather(published / "runs"), "conjoined"
    warning = "**No better in auroc than the 3-mer logistic regression, which needs no network.**"
    praise = "Better in auroc than the 3-mer logistic regression, the best of what needs no network."
    for value, said, other in [(0.0, praise, warning), (1.0, warning, praise)]:
        others = [r for r in rows if r.strategy not in ("k-mer logistic regression", "motif scan")]
        changed = [r._replace(value=value) if r.strategy.startswith("3-mer") else r for r in others]
        text = card(subject(published, rows=changed))
        assert said in text
        assert other not in text
    stronger = [r._replace(strategy="motif scan", value=1.0) for r in rows if r.strategy.startswith("3-mer")]
    assert "the motif scan, which" in card(subject(published, rows=rows + stronger))
    assert beats_the_baseline({}, "tiny", strategy, "labels"), "nothing known"
    jsd = {"rcps": 0.1, "mean training profile": 0.2}
    stats = {("t", name, "test", "jsd"): Stat(value, 0, 1) for name, value in jsd.items()}
    assert beats_the_baseline(stats, "t", "rcps", "profile"), "lower is better"
    same = {("t", name, "test", "auroc"): Stat(0.8, 0, 1) for name in ("rcps", "motif scan")}
    assert not beats_the_baseline(same, "t", "rcps", "labels"), "as good is not better"


def test_a_card_has_the_reliability_of_labels(published):
    text = (published / "models" / "tiny" / "conjoined" / "README.md").read_text()
    assert "In 5 bins of equally many test examples" in text
    logits = np.log([[0.2], [0.8]] * 50) - np.log([[0.8], [0.2]] * 50)
    target = np.zeros((100, 1))
    target[::10], target[1::2] = 1, 1
    target[1:20:2] = 0
    bins = reliability(target, logits)
    assert [one.examples for one in bins] == [20] * 5
    assert np.isclose(calibration_error([Bin(50, 0.2, 0.2), Bin(50, 0.8, 0.6)]), 0.1)
    assert (bins[0].answered, bins[-1].answered) == (pytest.approx(0.2), pytest.approx(0.8))
    assert reliability(np.array([[np.nan], [1.0]]), np.zeros((2, 1))) == [Bin(1, 0.5, 1.0)]


def test_the_report_has_each_label_beside_its_bar(published):
    rows, task = gather(published / "runs"), load_task(str(published / "tiny.toml"))
    text = labels_table(rows, task, published / "runs", published / "models")
    assert text.startswith("`tiny/")
    found = {r.strategy: r.value for r in rows if r.metric == "auprc GATA"}
    assert len(found) == 4
    (line,) = [line for line in text.splitlines() if line.startswith("| GATA |")]
    assert line.endswith(f"| {max(found[name] for name in TO_BEAT['labels']):.4f} |")
    assert labels_table(rows, task, published / "runs", published / "none") == ""


def test_a_card_has_a_row_for_each_of_several_labels(published):
    text = (published / "models" / "tiny" / "conjoined" / "README.md").read_text()
    rows = dict(re.findall(r"^\| (ELF1|GATA|RXRA) \| [\d.]+ \| ([\d.]+) \|", text, re.MULTILINE))
    said = read_config(published / "models" / "tiny" / "conjoined")["metrics"]["test"]["auroc"]
    assert np.isclose(np.mean([float(value) for value in rows.values()]), said, atol=1e-3)
    assert len(rows) == 3
    target = np.array([[1, np.nan], [0, 1], [1, 0]])
    first, second = by_label(["a", "b"], target, np.array([[3, 9], [1, 0], [2, 1]]))
    assert first[:4] == ("a", pytest.approx(2 / 3), 1.0, 1.0)
    assert second[:4] == ("b", 0.5, 0.0, 0.5)
    assert by_label(["a"], target[:, :1], target[:, :1]) == []


def test_cards_are_written_anew_from_the_packs(copy):
    models = copy / "models"
    before = {path: path.read_bytes() for path in models.rglob("*") if path.is_file()}
    (models / "tiny" / "posthoc" / "README.md").write_text("mine")
    names = write_cards(gather(copy / "runs"), copy / "runs", models, copy)
    assert names == ["tiny/conjoined", "tiny/posthoc", "tiny/standard+aug"]
    assert {path: path.read_bytes() for path in models.rglob("*") if path.is_file()} == before


def test_publishing_again_changes_nothing(copy):
    before = {path: path.read_bytes() for path in (copy / "models").rglob("*") if path.is_file()}
    publish(gather(copy / "runs"), copy / "runs", copy / "models", copy)
    assert {path: path.read_bytes() for path in (copy / "models").rglob("*") if path.is_file()} == before


def test_verification_finds_models_as_published(published):
    verdicts = list(verify("tiny/*", published / "models", published))
    assert len(verdicts) == 3
    assert not any(verdict.problems for verdict in verdicts)
    assert max(verdict.metrics for verdict in verdicts) <= 1e-6


def test_verification_finds_other_weights(copy):
    folder = copy / "models" / "tiny" / "posthoc"
    model, about = load_checkpoint(folder), read_config(folder)
    with torch.no_grad():
        model.head.dense.weight.mul_(-1) if hasattr(model.head, "dense") else next(
            iter(model.head.parameters())
        ).mul_(-1)
    kept = {k: v for k, v in about.items() if k not in ("format", "model", "rep_in", "rep_out", "sha256")}
    save_checkpoint(model, folder, **kept)
    (verdict,) = verify("tiny/posthoc", copy / "models", copy)
    assert verdict.problems[1] == "model.safetensors is not the file of the index"
    assert "outputs differ by" in verdict.problems[2]
    assert "the card says" in verdict.problems[3]


def test_verification_finds_what_is_not_a_number_and_what_the_index_does_not_know(copy, monkeypatch):
    (copy / "models" / "tiny" / "posthoc" / "README.md").write_text("mine")
    plain = zoo.publishing.verify.score

    def undefined(*given):
        found, kept = plain(*given)
        return {"test": {**found["test"], "loss": math.nan}}, kept

    monkeypatch.setattr("zoo.publishing.verify.score", undefined)
    (verdict,) = verify("tiny/posthoc", copy / "models", copy)
    assert verdict.problems[0] == "README.md is not the file of the index"
    assert "loss is nan, the card says" in verdict.problems[1]
    assert verdict.metrics == math.inf


def test_verification_finds_other_data(copy):
    write_tiny(copy, size=99)
    (verdict,) = verify("tiny/conjoined", copy / "models", copy)
    assert "the test data are not those of the card" in verdict.problems


def test_what_verification_allows_grows_with_the_value():
    assert difference(1474.256348, 1474.256226) < 1e-6  # one rounding in float32
    assert difference(0.081002, 0.081) > 1e-6
    assert difference(1474.26, 1474.25) > 1e-6


def test_verification_of_an_unknown_name(published):
    with pytest.raises(ValueError, match=r"unknown model 'tiny/postoc' \(did you mean 'tiny/posthoc'\?\)"):
        list(verify("tiny/postoc", published / "models", published))


def test_outputs_that_are_not_reproduced_are_refused(copy):
    folder = copy / "models" / "tiny" / "conjoined"
    made = read(folder)
    made.outputs[0][0] += 1e-3
    with pytest.raises(ValueError, match=r"tiny/conjoined read back gives outputs that differ by 0\.001"):
        prove(folder, load_task(copy / "tiny.toml"), made)
    keep(folder, made)
    assert read(folder) == made
    assert len(read(folder.with_name("posthoc")).outputs) == 10, "what others answer stays"
    (verdict,) = verify("tiny/conjoined", copy / "models", copy)
    assert verdict.problems == ("outputs differ by 0.001 from the published ones, allowed 1e-05",)


def test_answers_to_other_sequences_are_not_kept_beside_those_of_the_task(copy):
    folder = copy / "models" / "tiny" / "conjoined"
    made = read(folder)
    with pytest.raises(
        ValueError, match=r"expected\.json has other sequences than tiny begins its test split"
    ):
        keep(folder, Expected(made.sequences[1:], made.outputs[1:]))
    assert read(folder) == made


def test_a_model_that_fails_its_check_is_refused_and_the_old_one_stays(copy, monkeypatch):
    before = (copy / "models" / "tiny" / "conjoined" / "config.json").read_bytes()
    shutil.rmtree(copy / "models" / "tiny" / "posthoc")

    def broken(self, X, X_ctl=None):
        return (X[:, :3] * torch.arange(X.shape[2])).sum(2)

    monkeypatch.setattr("rczoo.family.network.Network.forward", broken)
    with pytest.raises(ValueError, match=r"tiny/conjoined read back fails its check"):
        publish(gather(copy / "runs"), copy / "runs", copy / "models", copy)
    assert (copy / "models" / "tiny" / "conjoined" / "config.json").read_bytes() == before
    assert not list((copy / "models" / "tiny").glob(".*"))


def test_a_refused_model_leaves_all_others_usable(copy, monkeypatch):
    """Everything is published anew, with other cards, but for one in the middle."""
    monkeypatch.setattr(hub, "bundled_folder", lambda: copy / "models")
    monkeypatch.delenv("RCZOO_HUB", raising=False)
    plain = prove

    def strict(folder, task, made):
        if read_config(folder)["strategy"] == "posthoc":
            raise ValueError("no posthoc today")
        plain(folder, task, made)

    monkeypatch.setattr("zoo.publishing.publish.prove", strict)
    rows = [row._replace(hardware="another machine") for row in gather(copy / "runs")]
    with pytest.raises(ValueError, match="not published:\nno posthoc today"):
        publish(rows, copy / "runs", copy / "models", copy)
    cards = {name: (copy / "models" / name / "README.md").read_text() for name in hub.list_models("tiny/*")}
    assert [name for name, text in cards.items() if "another machine" not in text] == ["tiny/posthoc"]
    for name in cards:
        hub.load(name)


def test_a_killed_publishing_leaves_no_model_behind_its_index(copy, monkeypatch):
    monkeypatch.setattr(hub, "bundled_folder", lambda: copy / "models")
    monkeypatch.delenv("RCZOO_HUB", raising=False)
    rows = [row._replace(hardware="another machine") for row in gather(copy / "runs")]
    plain = zoo.publishing.publish.publish_model

    def killed(task, strategy, *rest):
        if strategy == "posthoc":
            shutil.copytree(copy / "models/tiny/posthoc", copy / "models/tiny/.posthoc.draft")
            raise KeyboardInterrupt
        plain(task, strategy, *rest)

    monkeypatch.setattr("zoo.publishing.publish.publish_model", killed)
    with pytest.raises(KeyboardInterrupt):
        publish(rows, copy / "runs", copy / "models", copy)
    for name in hub.list_models("tiny/*"):
        hub.load(name)
    write_index(copy / "models")
    assert len(hub.list_models("tiny/*")) == 3, "a draft is no model"


def test_models_with_control_tracks_are_proved_without_their_signal(tmp_path):
    model = build("bpnet", strategy="rcps", filters=2, length=445, control="2t", count_head=False).eval()
    task = load_task("gcn4")
    sequences = ["ACGTTGCAGATTACA" * 30][:1]
    sequences = [text[:445] for text in (sequences[0], sequences[0][5:] + "A" * 5)]
    save_checkpoint(model, tmp_path, strategy="rcps")
    outputs = answers(model, sequences).tolist()
    prove(tmp_path, task, Expected(sequences, outputs))
    assert equivariance(model, sequences) == 0


def test_a_dead_model_is_refused(copy, monkeypatch):
    monkeypatch.setattr(
        "rczoo.family.network.Network.forward", lambda self, X, X_ctl=None: torch.zeros(len(X), 3)
    )
    with pytest.raises(ValueError, match="not finite, or the same for every sequence"):
        publish(gather(copy / "runs"), copy / "runs", copy / "models", copy)


def test_an_untrained_count_head_is_refused(tmp_path):
    task = load_task("gcn4")
    model = build("bpnet", strategy="rcps", filters=2, length=445, count_head=True)
    save_checkpoint(model, tmp_path / "m", strategy="rcps")
    with pytest.raises(ValueError, match="gcn4/rcps has a count head that was never trained"):
        prove(tmp_path / "m", task, Expected([], []))


def config_of(merge, score, number=0, metric="auroc"):
    scores = {metric: score, **({"jsd": 0.5} if metric == "loss" else {})}
    members = {"members": [None] * number} if number else {}
    return {"merge": merge, "metrics": {"validation": scores}, **members}


@pytest.mark.parametrize(
    ("configs", "best"),
    [
        ({"a": config_of("mean", 0.8), "b": config_of("sum", 0.9)}, "b"),
        ({"a": config_of("mean", 800, metric="loss"), "b": config_of("sum", 900, metric="loss")}, "a"),
        ({"one": config_of("mean", 0.8), "one-ensemble-2": config_of("mean", 0.9, 2)}, "one"),
        ({"standard": config_of("none", 0.9), "rcps-frozen": config_of("sum", 0.9)}, None),
        ({"b": config_of("mean", 0.8), "a": config_of("mean", 0.8)}, "a"),
    ],
    ids=["score", "loss", "cost", "eligible", "ties"],
)
def test_the_recommended_model_is_the_best_on_validation_of_those_that_may_be(configs, best):
    assert recommended(configs) == best


def test_the_index_recommends_one_model(published):
    entries = parse_index((published / "models" / "index.json").read_bytes(), "here")
    chosen = {name for name, entry in entries.items() if entry.recommended}
    scores = {n: read_config(published / "models" / n)["metrics"]["validation"]["auroc"] for n in entries}
    assert chosen == {max(("tiny/conjoined", "tiny/posthoc"), key=lambda name: scores[name])}
    assert {(entry.kind, entry.architecture) for entry in entries.values()} == {("labels", "motif-cnn")}


def test_the_index_lists_what_is_there(copy):
    shutil.rmtree(copy / "models" / "tiny" / "posthoc")
    write_index(copy / "models")
    assert "tiny/posthoc" not in json.loads((copy / "models" / "index.json").read_text())["models"]


def test_the_index_keeps_what_is_to_beat_unless_it_is_measured_anew(copy):
    for known, bar in (({"tiny": 0.75}, 0.75), (None, 0.75), ({"tiny": 0.5, "other": 0.9}, 0.5)):
        write_index(copy / "models", known)
        found = json.loads((copy / "models" / "index.json").read_text())["models"].values()
        assert {entry["bar"] for entry in found} == {bar}
