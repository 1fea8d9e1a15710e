"""The published models in the checkout: each is what the index says, and does what its file says it does."""

import json
from pathlib import Path

import pytest
import torch

from rczoo.family.checkpoint import read_config
from rczoo.hub import published
from rczoo.hub.index import INDEX, parse_index
from zoo.plan import MODELS
from zoo.publishing.expected import EXPECTED, TOLERANCE, equivariance, read, reproduce
from zoo.publishing.index import write_index

PUBLISHED = parse_index((MODELS / INDEX).read_bytes(), "the zoo")
ROOM = 5_000_000
"""Bytes that the models may take in a wheel of less than 6 MB."""


@pytest.fixture(autouse=True)
def _from_the_checkout(monkeypatch):
    monkeypatch.delenv("RCZOO_HUB", raising=False)
    monkeypatch.setattr(published, "bundled_folder", lambda: MODELS)


@pytest.mark.parametrize("name", PUBLISHED)
def test_a_published_model_loads_and_reproduces_its_outputs(name):
    model, made = published.load(name), read(MODELS / name)
    outputs, expected = reproduce(model, made)
    assert torch.allclose(outputs, expected, atol=TOLERANCE, rtol=TOLERANCE)
    if model.config.merge != "none":
        assert equivariance(model, made.sequences) == 0


def test_no_outputs_are_kept_of_models_that_were_withdrawn():
    kept = {
        f"{path.parent.name}/{name}"
        for path in MODELS.glob(f"*/{EXPECTED}")
        for name in json.loads(path.read_text())["outputs"]
    }
    assert kept == set(PUBLISHED)


def test_the_index_is_that_of_the_files(tmp_path):
    import shutil

    copy = Path(shutil.copytree(MODELS, tmp_path / "models"))
    write_index(copy)
    assert (copy / INDEX).read_bytes() == (MODELS / INDEX).read_bytes()


def test_the_models_fit_into_the_wheel():
    pytest.importorskip("hatchling", reason="the build needs hatchling: pip install 'rczoo[dev]'")
    from zoo.publishing.wheel import DOCUMENTED, shipped

    held = shipped(json.loads((MODELS / INDEX).read_text())["models"])
    assert sum((MODELS / path).stat().st_size for path in held) < ROOM
    for entry in PUBLISHED.values():
        whole = {file.path for file in entry.files.values()} <= set(held)
        assert whole == (entry.recommended or entry.task in DOCUMENTED), entry.name


def test_every_task_with_models_recommends_one():
    chosen = [entry.task for entry in PUBLISHED.values() if entry.recommended]
    assert sorted(chosen) == sorted({entry.task for entry in PUBLISHED.values()})


def test_models_of_one_training_share_their_weights():
    weights = {entry.files["model.safetensors"].path for entry in PUBLISHED.values()}
    assert {path.relative_to(MODELS).as_posix() for path in MODELS.rglob("*.safetensors")} == weights
    assert len({(MODELS / path).read_bytes() for path in weights}) == len(weights) < len(PUBLISHED)


def test_the_index_says_how_a_model_merges_strands():
    for name, entry in PUBLISHED.items():
        assert entry.merge == read_config(MODELS / name)["merge"]
