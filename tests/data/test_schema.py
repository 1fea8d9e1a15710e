"""The models of task files: no entry that nothing reads, one line for every mistake, a schema for editors."""

import ast
import inspect
import re
from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

import rczoo
from rczoo.data import recipe, schema
from rczoo.data.task_file import TaskFile, json_schema, read_content
from rczoo.files.downloads import Source

ROOT = Path(__file__).parents[2]
MODELS = {
    name: kind
    for name, kind in [*vars(schema).items(), *vars(recipe).items(), ("TaskFile", TaskFile)]
    if inspect.isclass(kind) and issubclass(kind, schema.Table) and kind is not schema.Table
}
CALLED = {
    "TaskFile": ("found",),
    "Training": ("training",),
    "Counts": ("counts",),
    "Splits": ("splits",),
    "Tracks": ("table",),
    "Control": ("table", "control"),
    "Matched": ("matched", "rule"),
    "Factor": ("factor",),
    "SimulationData": ("data",),
    "ChipExoData": ("data",),
    "IntervalData": ("data",),
    "TableData": ("data",),
    "MemoryData": ("data",),
    "PeakData": ("data",),
    "DeepBindData": ("data",),
    "TileData": ("data",),
    "TiledFactor": ("factor",),
    "Origin": ("origin",),
    "Symmetry": ("symmetry",),
    "Reference": ("reference",),
}
"""By which names the code that reads a table calls it."""
PASSED_ON = {
    "Model": set(inspect.signature(rczoo.build).parameters) - {"mixing", "wrap", "strategy", "execution"},
    "File": {field.name for field in fields(Source)},
}
"""Tables that are handed on whole, and what takes their entries; a training decides the four left out."""
PROFILE = {
    "kind": "profile",
    "model": {"architecture": "bpnet", "length": 546, "control": "2t"},
    "training": {"batch_size": 4, "learning_rate": 1e-3},
    "data": {
        "source": "intervals",
        "genome": "g.fa",
        "positives": ["sites.bed"],
        "out_length": 200,
        "splits": {"validation": ["chr2"], "test": ["chr3"]},
        "signal": [{"plus": "plus.bw", "minus": "minus.bw"}],
        "control": {"both": "c.bw", "widths": [1, 5]},
    },
    "files": [{"path": "g.fa", "url": "https://example.org/g.fa"}],
}


def reads():
    """Each attribute that the code reads, with the name of what it is read from."""
    found = set()
    for path in [*ROOT.glob("rczoo/**/*.py"), *ROOT.glob("zoo/**/*.py")]:
        if path.name in (
            "fields.py",
            "recipe.py",
            "schema.py",
            "task_file.py",
        ):
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                of = node.value
                holder = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
                found.add((holder, node.attr))
    return found


def test_every_entry_is_read():
    assert MODELS.keys() == CALLED.keys() | PASSED_ON.keys()
    found = reads()
    unread = [
        f"{name}.{entry}"
        for name, kind in MODELS.items()
        for entry in kind.model_fields
        if not any((holder, entry) in found for holder in CALLED.get(name, ()))
        and entry not in PASSED_ON.get(name, ())
    ]
    assert not unread, f"nothing reads {', '.join(unread)}: read it, or leave it out of the schema"


def test_every_entry_says_what_to_write():
    for name, kind in MODELS.items():
        for entry, field in kind.model_fields.items():
            assert field.description or entry == "source", f"{name}.{entry}"


def test_tables_are_immutable_and_know_their_defaults():
    training = recipe.Training(batch_size=4)
    with pytest.raises(ValueError, match="frozen"):
        training.batch_size = 5
    assert training.plain() == {
        "batch_size": 4,
        "patience": 0,
        "learning_rate": 1e-3,
        "counts_weight": 0,
        "schedule": "constant",
        "criterion": "loss",
        "augment": "batch",
    }


def places(content, path=()):
    """The path of every table, list and value in some content."""
    items = content.items() if isinstance(content, dict) else enumerate(content)
    for key, value in items:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def changed(content, path, value):
    """The content with another value at a path."""
    if not path:
        return value
    copy = dict(content) if isinstance(content, dict) else list(content)
    copy[path[0]] = changed(content[path[0]], path[1:], value)
    return copy


scalars = st.none() | st.booleans() | st.integers(-3, 3) | st.floats() | st.text(max_size=3)
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
)


@given(st.sampled_from(list(places(PROFILE))), values)
@example(("data", "signal", 0, "plus"), None)
def test_every_mistake_is_one_line_that_begins_with_the_file(path, value):
    message = mistake(changed(PROFILE, path, value))
    assert message.startswith("my.toml: ") or not message
    assert "\n" not in message
    assert "None" not in message.partition("write ")[2], "every entry says what to write"


def mistake(content):
    """What is said about some content; empty where nothing is wrong."""
    try:
        read_content(content, "my.toml")
    except ValueError as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        (("data", "names"), ["A", "B"], "[data] names gives 2, [model] outputs is 1: make them equal"),
        (("model", "control"), "2z", "[model] control is '2z': write the Rep of the control tracks, as"),
        (("model", "pool"), [40], "[model] pool is [40]: write the width and stride of the pool"),
        (("model", "mixing"), 0.5, "[model] unknown entry 'mixing'; choose from architecture, length"),
        (("training", "monitor"), "loss", "[training] unknown entry 'monitor'; choose from batch_size"),
        (("training", "negatives_per_positive"), 4, "[training] unknown entry 'negatives_per_positive'; cho"),
        (("data", "source"), "excel", "[data] source is 'excel': write one of simulation, chalmers-chipexo"),
        (("data", "control", "both"), 3, "[data.control] both is 3: write the name of a file, or a list"),
        (("data", "signal", 0, "plus"), [], "[data.signal] plus is []: write the name of a file, or a list"),
        (("data",), 3, "data is 3: write a table with source"),
        (("files", 0, "url"), 3, "[files] url is 3: write the address to download it from"),
    ],
)
def test_messages(path, value, message):
    content = changed(PROFILE, path[:-1], {**at(PROFILE, path[:-1]), path[-1]: value})
    with pytest.raises(ValueError, match="^" + re.escape(f"my.toml: {message}")):
        read_content(content, "my.toml")


LABELS = {
    "kind": "labels",
    "model": {"architecture": "motif-cnn", "length": 60, "outputs": 2},
    "training": {"batch_size": 4},
    "data": {"source": "table", "train": "a.csv", "validation": "b.csv", "test": "c.csv"},
}


@pytest.mark.parametrize(
    ("content", "motifs", "message"),
    [
        (
            LABELS,
            ["TTACCCG", "TTAJ"],
            "[reference] motifs is ['TTACCCG', 'TTAJ']: write for each label a cons",
        ),
        (LABELS, ["TTACCCG", ""], "[reference] motifs is ['TTACCCG', '']: write for each label a consensus"),
        (
            LABELS,
            ["acgt", "ACGT"],
            "[reference] motifs is ['acgt', 'ACGT']: write for each label a consensus",
        ),
        (LABELS, ["TTACCCG"], "[reference] motifs gives 1, [model] outputs is 2: make them equal"),
        (LABELS, [], "[reference] motifs is []: write for each label a consensus in IUPAC letters"),
        (PROFILE, ["TTACCCG"], "kind is 'profile', but [reference] motifs are of labels: leave them out"),
    ],
)
def test_motifs_are_one_consensus_for_each_label(content, motifs, message):
    assert read_content({**LABELS, "reference": {"motifs": ["TTACCCG", "RTCRYN"]}}, "my.toml")
    found = mistake({**content, "reference": {"motifs": motifs}})
    assert found.startswith(f"my.toml: {message}")


def at(content, path):
    return at(content[path[0]], path[1:]) if path else content


def test_the_schema_for_editors_has_every_table_and_entry():
    made = json_schema()
    assert made["additionalProperties"] is False
    assert made["properties"].keys() == TaskFile.model_fields.keys()
    assert made["$defs"].keys() == MODELS.keys() - {"TaskFile", "MemoryData"}
    for name, table in made["$defs"].items():
        assert table["additionalProperties"] is False
        assert table["properties"].keys() == MODELS[name].model_fields.keys()
