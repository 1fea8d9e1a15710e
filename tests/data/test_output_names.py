"""What outputs are called, from a task file to a checkpoint; and checkpoints that do not say it."""

import json
from dataclasses import replace

import pytest

from rczoo.data.output_names import control_widths, output_names
from rczoo.data.packaged import packaged
from rczoo.data.schema import TableData
from rczoo.data.task import list_tasks, load_task
from rczoo.family.checkpoint import load_checkpoint, read_config
from rczoo.family.old_outputs import table, with_outputs
from rczoo.hub.published import checkpoint_folder, list_models
from rczoo.inference.outputs import name_outputs
from rczoo.training.trainer import train
from tests.support import tiny_tasks

TABLE = """
kind = "labels"
model = {{ architecture = "motif-cnn", length = 60, outputs = {outputs} }}
training = {{ batch_size = 4 }}
data = {{ source = "table", train = "a.csv", validation = "a.csv", test = "a.csv"{names} }}
"""


LATER = {"arid3a", "ctcf-100", "ctcfl", "elk1", "foxa1", "gabpa", "myc", "rest", "sp1", "spi1-100", "usf1"}
LATER |= {"yeast-factors", "zbtb7a"}


def own(folder, outputs, names=""):
    (folder / "my.toml").write_text(TABLE.format(outputs=outputs, names=names))
    (folder / "a.csv").write_text("sequence,FOXA1,p300\n" + f"{'A' * 60},1,0\n")
    return load_task(folder / "my.toml")


def test_what_old_checkpoints_lack_is_what_the_task_files_say():
    """Later tasks than these have checkpoints that say it by themselves."""
    files = {name: load_task(name) for name in list_tasks() if name not in LATER}
    said = {n: {"outputs": output_names(t), "control_widths": control_widths(t)} for n, t in files.items()}
    assert table() == {name: entries for name, entries in said.items() if any(entries.values())}


@pytest.mark.parametrize(
    "name", ["sim-200/posthoc", "gcn4/posthoc", "joint/rcps", "gue-tf0/rcps", "yeast-tss/posthoc"]
)
def test_published_models_keep_the_names_of_their_outputs(name):
    if name not in list_models():
        pytest.skip(f"{name} is not published")
    folder, task = checkpoint_folder(name), name.partition("/")[0]
    config, own_names = read_config(folder), output_names(load_task(task))
    expected = own_names or [task]
    if load_task(task).kind == "profile":
        expected = [f"{factor}_{side}" for factor in expected for side in ("plus", "minus")]
    assert list(name_outputs(load_checkpoint(folder), config).channels) == expected


def test_columns_of_a_table_are_names_unless_the_task_gives_others(tmp_path):
    assert output_names(own(tmp_path, 2)) == ["FOXA1", "p300"]
    assert output_names(own(tmp_path, 2, ', names = ["a", "b"]')) == ["a", "b"]
    assert output_names(own(tmp_path, 1)) == [], "one label is called by its task"
    (tmp_path / "a.csv").write_text(">x 1 0\nACGT\n")
    assert output_names(own_fasta(tmp_path)) == []


def own_fasta(folder):
    task = load_task(folder / "my.toml")
    return replace(task, model=task.model.model_copy(update={"outputs": 2}))


def test_a_training_writes_them_and_no_packaged_task_stands_in(tmp_path):
    task = tiny_tasks.labels(epochs=1)
    train(replace(task, name="sim-200"), strategy="rcps", out=tmp_path / "plain")
    written = json.loads((tmp_path / "plain" / "config.json").read_text())
    assert (written["outputs"], written["control_widths"]) == ([], [])
    channels = name_outputs(load_checkpoint(tmp_path / "plain"), read_config(tmp_path / "plain")).channels
    assert channels == ("sim-2001", "sim-2002", "sim-2003")


def test_names_of_one_s_own_reach_the_answers(tmp_path, monkeypatch):
    task = tiny_tasks.labels(epochs=1)
    files = dict.fromkeys(("train", "validation", "test"), "a.csv")
    data = TableData(source="table", **files, names=["a", "b", "c"])
    monkeypatch.setattr("rczoo.training.trainer.identities", lambda task: {})
    train(replace(task, data=data), strategy="rcps", out=tmp_path)
    config = read_config(tmp_path)
    assert config["outputs"] == ["a", "b", "c"]
    assert name_outputs(load_checkpoint(tmp_path), config).channels == ("a", "b", "c")


@pytest.mark.parametrize(
    ("config", "outputs", "widths"),
    [
        ({}, [], []),
        ({"task": "my_task"}, [], []),
        ({"task": "joint", "data": {"test": {"sha256": "ab"}}}, ["Gcn4", "Cbf1", "Ino2", "Stb5"], []),
        ({"task": "oct4", "data": {"test": {"sha256": "ab"}}}, [], [1, 51]),
        ({"task": "joint", "data": {"source": "intervals", "control": {"widths": [9]}}}, [], [9]),
        ({"task": "x", "data": {"source": "chalmers-chipexo", "factors": [{"name": "A"}]}}, ["A"], []),
        ({"task": "x", "data": {"source": "simulation"}}, ["ELF1", "GATA", "RXRA"], []),
        ({"task": "sim-200", "outputs": ["a"], "control_widths": []}, ["a"], []),
        ({"task": "x", "data": {"source": "intervals", "factors": 3}}, [], []),
    ],
)
def test_configs_of_earlier_versions(config, outputs, widths):
    found = with_outputs(config)
    assert (found["outputs"], found["control_widths"]) == (outputs, widths)


@pytest.mark.parametrize(
    "wrong", [{"outputs": 3}, {"outputs": [3]}, {"control_widths": ["1"]}, {"control_widths": [0]}]
)
def test_entries_of_another_type_are_refused(tmp_path, wrong):
    config = {"format": "rczoo checkpoint 1", "model": {}, "sha256": "", **wrong}
    (tmp_path / "config.json").write_text(json.dumps(config))
    with pytest.raises(
        ValueError, match=rf"config.json: {next(iter(wrong))} is .*: it was changed, or is of"
    ):
        read_config(tmp_path)


def test_a_task_of_ones_own_is_not_the_packaged_one_whatever_its_name():
    data = load_task("sim-200").data.plain()
    assert packaged({"task": "sim-200", "data": data}) == "sim-200"
    assert packaged({"task": "sim-200", "data": {**data, "seed": 99}}) is None
    assert packaged({"task": "sim-200", "data": {**data, "seed": "no number"}}) is None
    assert packaged({"task": "sim-200", "data": {"test": {"sha256": "f" * 64}}}) == "sim-200"
    assert packaged({"task": "mine", "data": data}) is None
