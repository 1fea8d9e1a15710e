"""``rczoo ensemble``, and every command that takes a model on what it writes."""

import csv
import json

import numpy as np
import pytest
import torch

import rczoo
from rczoo.family.checkpoint import read_config, save_checkpoint
from rczoo.symmetry import dna
from rczoo.testing import inputs_of, randomise
from tests.support.cli import run
from tests.support.miniature import random_genome, write_fasta
from tests.support.small_models import label_model, profile_model, refused

NAMES = ("sim-200/posthoc", "sim-200/rcps")
VCF = "##fileformat=VCF\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\nchrI\t301\tv\t{}\t{}\t.\n"


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory):
    """A folder with the ensemble of two published models, a genome, sequences and a variant."""
    folder = tmp_path_factory.mktemp("ensemble")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RCZOO_CACHE", str(folder / "cache"))
        patch.delenv("RCZOO_HUB", raising=False)
        patch.chdir(folder)
        genome = random_genome(5, {"chrI": 900})
        write_fasta(folder / "g.fa", genome)
        write_fasta(folder / "s.fa", {"one": genome["chrI"][:200], "two": genome["chrI"][300:500]})
        ref = genome["chrI"][300]
        (folder / "v.vcf").write_text(VCF.format(ref, "A" if ref != "A" else "C"))
        result = run("ensemble", *NAMES, "--out", "both")
        assert result.exit_code == 0, result.output
        assert result.stdout == "saved in both: ensemble of 2: motif-cnn, merge mean; motif-cnn, merge sum\n"
        yield folder


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def test_the_config_says_what_is_known_of_the_members():
    config, known = read_config("both"), [read_config(rczoo.hub.checkpoint_folder(name)) for name in NAMES]
    assert (config["task"], config["outputs"]) == ("sim-200", ["ELF1", "GATA", "RXRA"])
    assert config["strategy"] == "ensemble"
    keys = ("task", "strategy", "seed", "sha256")
    assert config["members"] == [{key: one[key] for key in keys} for one in known]
    assert run("ensemble", NAMES[0], NAMES[0], "--out", "same").exit_code == 0
    assert read_config("same")["strategy"] == "posthoc-ensemble-2"


def test_predictions_are_the_mean_of_the_members_predictions():
    for model, out in zip(("both", *NAMES), ("both.tsv", "one.tsv", "other.tsv"), strict=True):
        assert run("predict", model, "--fasta", "s.fa", "--out", out, "--force").exit_code == 0
    for found, one, other in zip(table("both.tsv"), table("one.tsv"), table("other.tsv"), strict=True):
        for label in ("ELF1", "GATA", "RXRA"):
            assert abs(float(found[label]) - (float(one[label]) + float(other[label])) / 2) < 1e-4


def test_a_profile_is_the_normalised_geometric_mean(place):
    models = [randomise(profile_model(name), seed) for seed, name in enumerate(("conjoined", "rcps"))]
    for number, model in enumerate(models):
        save_checkpoint(model, place / f"p{number}", strategy="small")
    assert "give --task" in run("ensemble", "p0", "p1", "--out", "p").stdout
    sequence = random_genome(5, {"chrI": 900})["chrI"][:371]
    write_fasta(place / "p.fa", {"one": sequence})
    assert run("predict", "p", "--fasta", "p.fa", "--out", "p.tsv").exit_code == 0
    with torch.no_grad():
        logs = [model.double()(dna.one_hot(sequence).double()).log_softmax(-1)[0].numpy() for model in models]
    expected = np.exp(np.mean(logs, axis=0))
    expected /= expected.sum(axis=-1, keepdims=True)
    found = [[float(row["profile_plus"]), float(row["profile_minus"])] for row in table("p.tsv")]
    assert np.allclose(np.transpose(found), expected, atol=1e-5)


def test_explanations_are_the_mean_of_the_members_explanations():
    options = ("--fasta", "s.fa", "--target", "GATA", "--method", "input-x-gradient", "--logos", 0, "--force")
    scores = []
    for model, out in zip(("both", *NAMES), ("x", "x1", "x2"), strict=True):
        assert run("explain", model, "--out", out, *options).exit_code == 0
        scores.append(np.load(f"{out}.scores.npz")["arr_0"])
    assert np.allclose(scores[0], (scores[1] + scores[2]) / 2, atol=1e-5)


def test_variants_change_the_ensemble_by_the_mean_of_the_changes():
    changes = []
    for model, out in zip(("both", *NAMES), ("v.tsv", "v1.tsv", "v2.tsv"), strict=True):
        result = run(
            "variants", model, "--vcf", "v.vcf", "--genome", "g.fa", "--out", out, "--json", "--force"
        )
        assert json.loads(result.stdout)["strand"] == "given"
        changes.append(float(table(out)[0]["GATA_difference"]))
    assert abs(changes[0] - (changes[1] + changes[2]) / 2) < 1e-5
    save_checkpoint(rczoo.ensemble([label_model(), label_model("rcps")]), "mixed", strategy="small")
    result = run("variants", "mixed", "--vcf", "v.vcf", "--genome", "g.fa", "--out", "m.tsv", "--json")
    assert json.loads(result.stdout)["strand"] == "both", "a member of one strand"


def test_it_is_evaluated_on_the_task_of_its_members(monkeypatch):
    monkeypatch.setattr("rczoo.evaluation.baselines.baseline_rows", lambda *_: {"a baseline": {}})
    result = run("evaluate", "both", "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert found["task"] == "sim-200"
    assert list(found["rows"]) == ["a baseline", "ensemble"]
    assert found["rows"]["ensemble"]["auroc"] > 0.9
    assert found["rows"]["ensemble"]["equivariance_error"] == 0
    assert found["rows"]["ensemble"]["equivariance_error_tied"] < 1e-5


def test_it_is_checked_and_measured_by_its_folder():
    assert run("check", "both", "--quick").exit_code == 0
    save_checkpoint(rczoo.ensemble([label_model(), label_model("rcps")]), "mixed", strategy="small")
    assert run("check", "mixed", "--quick").exit_code == 1
    assert "maximum 0, " in run("measure", "both").stdout
    assert run("measure", NAMES[0]).exit_code == 0, "a published name, at its own length"
    assert "no model 'none/such'" in refused(run("check", "none/such"))


def test_it_is_exported(place):
    onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra rczoo[export]")
    pytest.importorskip("onnxscript", reason="needs the extra rczoo[export]")
    result = run("export", "both", "--out", "m.onnx")
    assert "ensemble of 2: motif-cnn" in result.stdout
    model = rczoo.load("both")
    (X,) = inputs_of(model, 3, seed=1, dtype=torch.float32)
    session = onnxruntime.InferenceSession(place / "m.onnx", providers=["CPUExecutionProvider"])
    (found,) = session.run(None, {"X": X.numpy()})
    assert np.allclose(found, model(X).detach().numpy(), atol=1e-5)


def test_the_ensemble_of_a_task_of_ones_own_is_not_the_zoos(place):
    own = {"source": "table", "train": "mine.tsv"}
    save_checkpoint(label_model(), place / "own", task="sim-200", strategy="standard", data=own, outputs=[])
    assert run("ensemble", "own", "own", "--out", "owns").exit_code == 0
    assert read_config("owns")["data"] == own
    assert "a task of your own, 'sim-200'" in refused(run("evaluate", "owns"))


def test_mistakes_are_one_line(place):
    assert "both already holds a checkpoint: choose another --out" in refused(
        run("ensemble", "both", "--out", "both")
    )
    line = refused(run("ensemble", "both", NAMES[0], "--out", "both", "--force"))
    assert "both is one of the models, and writing would destroy it: choose another --out" in line
    save_checkpoint(label_model(), place / "short", outputs=["ELF1", "GATA", "RXRA"])
    line = refused(run("ensemble", NAMES[0], "short", "--out", "x"))
    assert line.endswith("input length of model 1 is 200, of model 2 80: give models that agree")
    line = refused(run("ensemble", NAMES[0], "gue-tf0/rcps", "--out", "x"))
    assert "outputs of sim-200/posthoc are ['ELF1', 'GATA', 'RXRA'], of gue-tf0/rcps []" in line
    assert not (place / "x").exists()
