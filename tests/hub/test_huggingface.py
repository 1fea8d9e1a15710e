"""Models of the family in Hugging Face's repositories."""

import re
import sys

import pytest
import torch

from rczoo import build, ensemble
from rczoo.family.checkpoint import load_checkpoint
from rczoo.hub import huggingface

huggingface_hub = pytest.importorskip("huggingface_hub")


@pytest.fixture
def network():
    torch.manual_seed(0)
    return build("motif-cnn", strategy="rcps", filters=2, length=60).eval()


def same(one, other):
    return one.config == other.config and all(
        torch.equal(value, other.state_dict()[key]) for key, value in one.state_dict().items()
    )


def test_what_is_saved_is_read_back(network, tmp_path):
    huggingface.save_pretrained(network, tmp_path / "m")
    assert same(network, huggingface.from_pretrained(tmp_path / "m"))
    assert same(network, load_checkpoint(tmp_path / "m"))
    assert (tmp_path / "m" / "README.md").read_text().startswith("---\nlibrary_name: rczoo")


def test_an_ensemble_is_saved_as_one_model(network, tmp_path):
    model = ensemble([network, network.remerge("mean")])
    huggingface.save_pretrained(model, tmp_path / "m")
    assert same(model, huggingface.from_pretrained(tmp_path / "m"))
    assert f"# {model.title}" in (tmp_path / "m" / "README.md").read_text()


def test_the_card_says_how_to_read_it_back(network, tmp_path):
    huggingface.save_pretrained(network, tmp_path / "m")
    (code,) = re.findall(r"```python\n(.*?)```", (tmp_path / "m" / "README.md").read_text(), re.S)
    found = {}
    exec(code.replace("this repository", str(tmp_path / "m")), found)
    assert same(network, found["model"])


def test_a_repository_is_read_by_its_weights_and_config_alone(network, tmp_path, monkeypatch):
    huggingface.save_pretrained(network, tmp_path / "m")
    asked = {}

    def snapshot(name, **options):
        asked.update(options, name=name)
        return str(tmp_path / "m")

    monkeypatch.setattr(huggingface_hub, "snapshot_download", snapshot)
    monkeypatch.setattr(
        "huggingface_hub.hub_mixin.hf_hub_download", lambda **_: str(tmp_path / "m" / "config.json")
    )
    assert same(network, huggingface.from_pretrained("org/name", revision="v1"))
    assert (asked["name"], asked["revision"]) == ("org/name", "v1")
    assert asked["allow_patterns"] == ["config.json", "model.safetensors"]


def test_what_is_pushed_is_a_checkpoint(network, monkeypatch):
    pushed = {}

    class Api:
        def __init__(self, **_):
            pass

        def create_repo(self, repo_id, **_):
            return huggingface_hub.RepoUrl(f"https://huggingface.co/{repo_id}")

        def upload_folder(self, repo_id, folder_path, **_):
            pushed["model"] = load_checkpoint(folder_path)
            return f"https://huggingface.co/{repo_id}/commit/1"

    monkeypatch.setattr("huggingface_hub.hub_mixin.HfApi", Api)
    assert huggingface.push_to_hub(network, "org/name").endswith("org/name/commit/1")
    assert same(network, pushed["model"])


def test_without_huggingface_hub(network, tmp_path, monkeypatch):
    huggingface._mixed.cache_clear()
    monkeypatch.setitem(sys.modules, "huggingface_hub", None)
    with pytest.raises(ImportError, match=r"needs huggingface_hub: pip install 'rczoo\[hub\]'"):
        huggingface.save_pretrained(network, tmp_path / "m")
    huggingface._mixed.cache_clear()
