"""The demo, cut shorter still: every step runs, keeps to a terminal's width, and draws its figure."""

import io

import numpy as np
import pytest
import torch
from rich.console import Console

from rczoo.cli import demo
from rczoo.cli.demo import story, trainings
from rczoo.cli.demo.figures import Scatter
from rczoo.symmetry.dna import one_hot, reverse_complement
from tests.support import tiny_tasks

SHORTER = {
    "per_motif = 1000": "per_motif = 60",
    "train = 1500, validation = 500, test = 1000": "train = 60, validation = 60, test = 60",
    "epochs = 8": "epochs = 1",
    "filters = 8": "filters = 2",
}


def test_the_whole_story(tmp_path, monkeypatch, capsys):
    for long, short in SHORTER.items():
        assert long in story.TASK
        monkeypatch.setattr(story, "TASK", story.TASK.replace(long, short))
    monkeypatch.setattr(story, "PER_MOTIF", 10)
    monkeypatch.setattr(story, "TRIED", 2)
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr("socket.socket.connect", lambda *_: pytest.fail("the demo asked for a network"))
    figure = demo.run(out=tmp_path / "demo")
    shown = capsys.readouterr().out
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert max(map(len, shown.splitlines())) <= 80
    words = " ".join(shown.split())
    assert "of its calls of GATA change" in words
    assert "Likely cause: untied" in words
    assert "Repair: rczoo.conjoin(model" in words
    lines = {line[:30].strip(): line[30:].split() for line in shown.splitlines()}
    assert lines["rczoo.conjoin"][:2] == lines["rczoo.interpolate, mixing 0.5"][:2] == ["0%", "0"]
    assert float(lines["as trained"][1]) > 1
    assert all(name in words for name in ("standard+aug", "posthoc", "rcps", "mixing-1-agreement-8"))
    assert shown.splitlines()[-1].startswith("rczoo models list --best")


@pytest.mark.parametrize(
    ("first", "end", "told"),
    [
        (2, 4, "in the site planted at 3 to 5"),
        (9, 12, "in the site planted at 9 to 10"),
        (5, 8, "outside of all planted sites"),
    ],
)
def test_where_bases_lie_among_planted_sites(first, end, told):
    site = np.zeros(20, bool)
    site[2:5] = site[8:10] = True
    assert story.whereabouts(site, first, end) == told


def test_the_variant_s_effects_are_those_of_the_model():
    torch.manual_seed(0)
    conv, dense = torch.nn.Conv1d(4, 6, 5), torch.nn.Linear(6, 3)

    def model(X):
        return dense(torch.relu(conv(X)).amax(-1))

    codes = np.random.default_rng(0).integers(0, 4, (3, 30)).astype(np.uint8)
    flip = story.worst_variant(model, codes)
    reference = "".join("ACGT"[c] for c in codes[flip.sequence])
    assert reference[flip.position] == flip.ref
    mutant = reference[: flip.position] + flip.alt + reference[flip.position + 1 :]
    for effect, turn in ((flip.given, str), (flip.other, reverse_complement)):
        logits = model(one_hot([turn(mutant), turn(reference)]))[:, story.LABEL].detach()
        assert effect == pytest.approx(float(logits[0] - logits[1]), abs=1e-5)
    assert flip.given * flip.other < 0


def test_calls_that_flip_are_counted():
    scatter = Scatter("", np.array([1.0, -1.0, 2.0]), np.array([-1.0, -2.0, 0.5]))
    assert (scatter.flips, scatter.largest) == (pytest.approx(1 / 3), 2.0)


def test_the_trainings_on_real_profiles(tmp_path, monkeypatch, capsys):
    task = tiny_tasks.profiles(n=24, epochs=1)
    monkeypatch.setattr(trainings, "load_task", lambda name: task)
    monkeypatch.setitem(trainings.SHORT, task.name, {"epochs": 1})
    figure = demo.run(task.name, tmp_path)
    shown = capsys.readouterr().out
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert all(f"mixing {m:g}" in shown for m in trainings.MIXING)
    assert all(name in shown for name in ("standard+aug", "posthoc", "conjoined", "rcps", "short run"))
    assert "same outputs bit for bit; equivariance error 0" in " ".join(shown.split())


def test_every_member_of_the_family_is_exact_and_the_ordinary_network_is_not():
    shown = io.StringIO()
    found = trainings.show_family(Console(file=shown, width=120), seed=1)
    assert list(found) == list(trainings.MIXING)
    assert all(row["equivariance_error"] == 0 for row in found.values())
    assert all(row["equivariance_error_tied"] < 1e-5 for row in found.values())
    sizes = [row["parameters"] for row in found.values()]
    assert sizes == sorted(sizes)
    assert sum("mixing" in line and " 0 " in line for line in shown.getvalue().splitlines()) == 5


def test_a_reloaded_checkpoint_that_differs_is_noticed(tmp_path):
    task = tiny_tasks.profiles(epochs=1)
    one = trainings.train(task, strategy="rcps", out=tmp_path, threads=1)
    other = trainings.train(task, strategy="rcps", out=tmp_path, seed=2, threads=1, force=True)
    trainings.verify(Console(file=io.StringIO()), tmp_path, other, task)
    with pytest.raises(ValueError, match="gives other outputs than the one that was saved"):
        trainings.verify(Console(file=io.StringIO()), tmp_path, one, task)
