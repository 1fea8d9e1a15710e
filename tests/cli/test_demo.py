"""The demo, cut shorter still: every step runs and the figure is drawn."""

import io

import pytest
from rich.console import Console

from rczoo.cli import demo
from tests.support import tiny_tasks


@pytest.mark.parametrize("make", [tiny_tasks.labels, tiny_tasks.profiles])
def test_the_whole_demo(tmp_path, monkeypatch, capsys, make):
    task = make(n=24, epochs=1)
    monkeypatch.setattr(demo, "load_task", lambda name: task)
    monkeypatch.setitem(demo.SHORT, task.name, {"epochs": 1})
    figure = demo.run(task.name, tmp_path)
    shown = capsys.readouterr().out
    assert figure.read_bytes().startswith(b"\x89PNG")
    assert figure.stat().st_size > 20_000
    assert all(f"mixing {m:g}" in shown for m in demo.MIXING)
    assert all(name in shown for name in ("standard+aug", "posthoc", "conjoined", "rcps", "short run"))
    assert ("mean training profile" in " ".join(shown.split())) == (task.kind == "profile")
    assert "same outputs bit for bit; equivariance error 0" in " ".join(shown.split())


def test_every_member_of_the_family_is_exact_and_the_ordinary_network_is_not():
    shown = io.StringIO()
    found = demo.show_family(Console(file=shown, width=120), seed=1)
    assert list(found) == list(demo.MIXING)
    assert all(row["equivariance_error"] == 0 for row in found.values())
    assert all(row["equivariance_error_tied"] < 1e-5 for row in found.values())
    sizes = [row["parameters"] for row in found.values()]
    assert sizes == sorted(sizes)
    assert sum("mixing" in line and " 0 " in line for line in shown.getvalue().splitlines()) == 5


def test_a_reloaded_checkpoint_that_differs_is_noticed(tmp_path):
    task = tiny_tasks.labels(epochs=1)
    one = demo.train(task, strategy="rcps", out=tmp_path, threads=1)
    other = demo.train(task, strategy="rcps", out=tmp_path, seed=2, threads=1, force=True)
    demo.verify(Console(file=io.StringIO()), tmp_path, other, task)
    with pytest.raises(ValueError, match="gives other outputs than the one that was saved"):
        demo.verify(Console(file=io.StringIO()), tmp_path, one, task)
