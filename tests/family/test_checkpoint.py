"""Checkpoints: rebuilt from nothing else, refused with one line when not intact, never unpickled."""

import hashlib
import json
import os
import pickle

import pytest
import torch
from safetensors.torch import load_file
from torch import nn

from rczoo.family.architectures import build
from rczoo.family.checkpoint import load_checkpoint, read_config, save_checkpoint
from rczoo.family.ensembles import ensemble
from rczoo.files.storage import pack_tensors

WEIGHT, VARIANCE = "trunk.blocks.0.conv.weight", "trunk.blocks.0.norm.running_var"


def motif_cnn(**options):
    torch.manual_seed(3)
    return build("motif-cnn", strategy="rcps", filters=4, length=60, **options)


def trained(model):
    """Weights and running statistics unlike those of a new model."""
    with torch.no_grad():
        for value in [*model.parameters(), *model.buffers()]:
            if value.is_floating_point():
                value.add_(0.1 * torch.rand_like(value))
    return model.eval()


@pytest.mark.parametrize(
    "options",
    [
        {"architecture": "motif-cnn", "strategy": "conjoined", "length": 60},
        {"architecture": "tf-cnn", "mixing": [0.25, 1], "filters": 4, "length": 100},
        {"architecture": "bpnet", "mixing": 0.5, "filters": 4, "length": 360, "control": "2t"},
        {"architecture": "bpnet", "strategy": "standard", "filters": 4, "length": 360, "count_head": False},
    ],
)
def test_a_model_is_rebuilt_from_its_folder_alone(tmp_path, options):
    model = trained(build(**options))
    load = load_checkpoint(save_checkpoint(model, tmp_path / "a"))
    X = torch.randn(2, 4, options["length"])
    inputs = (X, torch.rand(2, 2, model.output_length(options["length"]))) if "control" in options else (X,)
    for found, expected in zip(load(*inputs), model(*inputs), strict=True):
        assert torch.equal(found, expected)
    assert not load.training
    assert load.config == model.config
    assert load.rep_out == model.rep_out


def test_a_posthoc_model_keeps_its_merge(tmp_path):
    model = trained(build("motif-cnn", strategy="standard", length=60).remerge("mean"))
    X = torch.randn(2, 4, 60)
    assert torch.equal(load_checkpoint(save_checkpoint(model, tmp_path))(X), model(X))


def two():
    """An ensemble of networks that are not alike."""
    return ensemble([trained(motif_cnn()), trained(build("motif-cnn", strategy="conjoined", length=60))])


def test_an_ensemble_is_one_file_of_weights_and_is_rebuilt_from_its_folder_alone(tmp_path):
    model = two()
    found = load_checkpoint(save_checkpoint(model, tmp_path / "a", strategy="both"))
    X = torch.randn(2, 4, 60)
    assert torch.equal(found(X), model(X))
    assert (found.config, found.rep_out, found.training) == (model.config, model.rep_out, False)
    assert sorted(path.name for path in (tmp_path / "a").iterdir()) == ["config.json", "model.safetensors"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda members: members[:1], "the ensemble has 1 members, but the weights are of 2"),
        (lambda members: members * 50_000, "the ensemble has 100000 members, but the weights are of 2"),
        (lambda members: members[::-1], r"'members\.0\.\S+' has shape .*: it belongs to another model"),
        (lambda members: [members[0], {**members[1], "length": 80}], "input length of model 1 is 60, of mod"),
        (lambda members: [members[0], {"ensemble": members[1:]}], "argument 'ensemble': it was changed"),
        (lambda members: [members[0], {**members[1], "filters": 10**30}], "but the weights are at most"),
        (lambda members: [members[0], 7], r"config\.json: .*it was changed"),
        (lambda members: 7, r"config\.json: .*it was changed"),
    ],
)
def test_an_ensemble_that_was_tampered_with_is_refused_in_one_line(tmp_path, change, message):
    folder = save_checkpoint(two(), tmp_path)
    config = json.loads((folder / "config.json").read_text())
    config["model"]["ensemble"] = change(config["model"]["ensemble"])
    (folder / "config.json").write_text(json.dumps(config))
    with pytest.raises(ValueError, match=message) as caught:
        load_checkpoint(folder)
    assert "\n" not in str(caught.value)


def test_float64_stays_float64(tmp_path):
    model = trained(motif_cnn().double())
    X = torch.randn(2, 4, 60, dtype=torch.float64)
    assert torch.equal(load_checkpoint(save_checkpoint(model, tmp_path))(X), model(X))


def test_what_is_known_about_a_model_is_kept(tmp_path):
    save_checkpoint(motif_cnn(), tmp_path, task="sim-200", metrics={"auroc": float("nan")})
    config = read_config(tmp_path)
    assert (config["task"], config["metrics"]) == ("sim-200", {"auroc": None})
    assert {"created", "rczoo", "torch", "python"} <= set(config["provenance"])
    assert config["rep_in"] == ["2r:flip"]


def test_a_module_registered_twice_is_no_obstacle(tmp_path):
    model = motif_cnn()
    model.again = model.trunk
    assert len(save_checkpoint(model, tmp_path).joinpath("model.safetensors").read_bytes()) > 0


def damage_truncate(folder):
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-7])


def damage_one_bit(folder):
    content = bytearray((folder / "model.safetensors").read_bytes())
    content[-2] ^= 1
    (folder / "model.safetensors").write_bytes(bytes(content))


def damage_pickle(folder):
    (folder / "model.safetensors").write_bytes(pickle.dumps({"weight": 1}))


def damage_torch_file(folder):
    torch.save({"weight": torch.ones(1)}, folder / "model.safetensors")


def damage_remove(folder):
    (folder / "model.safetensors").unlink()


def damage_config(folder):
    (folder / "config.json").write_text((folder / "config.json").read_text()[:-30])


def damage_format(folder):
    (folder / "config.json").write_text('{"format": "keras"}')


def damage_weights(name, change):
    """A tensor changed, and the config told of it."""

    def damage(folder):
        path = folder / "model.safetensors"
        tensors = load_file(path)
        tensors[name] = change(tensors[name])
        path.write_bytes(pack_tensors(tensors))
        damage_entry(sha256=hashlib.sha256(path.read_bytes()).hexdigest())(folder)

    return damage


def damage_entry(**entries):
    def damage(folder):
        config = json.loads((folder / "config.json").read_text())
        (folder / "config.json").write_text(json.dumps({**config, **entries}))

    return damage


def damage_pipe(folder):
    (folder / "config.json").unlink()
    os.mkfifo(folder / "config.json")


def damage_device(folder):
    (folder / "model.safetensors").unlink()
    (folder / "model.safetensors").symlink_to("/dev/zero")


def damage_model(**arguments):
    """The config's arguments changed; alone those given, where ``architecture`` is one."""

    def damage(folder):
        config = json.loads((folder / "config.json").read_text())
        config["model"] = arguments if "architecture" in arguments else {**config["model"], **arguments}
        (folder / "config.json").write_text(json.dumps(config))

    return damage


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (
            damage_truncate,
            r"\d+ bytes with sha256 .* the file is truncated or changed; copy or train it again",
        ),
        (damage_one_bit, r"the file is truncated or changed"),
        (damage_pickle, r"is a pickle, which could run any code and is never loaded"),
        (damage_torch_file, r"is a pickle, which could run any code and is never loaded"),
        (damage_remove, r"model\.safetensors is missing: copy or train it again"),
        (damage_config, r"config\.json is not JSON"),
        (damage_pipe, r"config\.json is no plain file, but a folder, pipe or device"),
        (damage_device, r"model\.safetensors is no plain file, but a folder, pipe or device"),
        (damage_entry(data=None), r"config\.json: data is None: it was changed, or is of another version"),
        (damage_entry(model=[]), r"config\.json: model is \[\]: it was changed, or is of another version"),
        (
            damage_weights(WEIGHT, lambda value: value * float("nan")),
            r"safetensors: 'trunk.*weight' has a value that is not finite: it was changed, or its training f",
        ),
        (damage_weights(WEIGHT, lambda value: value / 0), r"'trunk.*weight' has a value that is not finite"),
        (
            damage_weights(VARIANCE, lambda value: torch.cat([-value[:1], value[1:]])),
            r"'.*running_var' has a negative variance",
        ),
        (
            damage_weights(WEIGHT, lambda value: value.to(torch.float8_e4m3fn)),
            r"'.*weight' is torch.float8_e4m3fn, in which no model computes",
        ),
        (
            damage_weights(WEIGHT, lambda value: value.int()),
            r"'.*weight' is torch.int32, the model's torch.float32: it was changed",
        ),
        (damage_model(gain=1e308), r"config\.json: gain is 1e\+308, and at most 1e\+06 is of use"),
        (
            damage_model(length=10**8),
            r"'head\.dense\.weight' has shape \(3, 8\), the model \(3, \d+\): it belongs to another model",
        ),
        (damage_format, r"has format 'keras', expected 'rczoo checkpoint 1'"),
        (damage_entry(format="keras"), r"has format 'keras', expected 'rczoo checkpoint 1'"),
        (
            damage_model(colour="blue"),
            r"config\.json: .*argument 'colour': it was changed, or is of another version of rczoo",
        ),
        (
            damage_model(filters=10**30),
            r"config\.json: filters is 10{30}, but the weights are at most \d+ wide",
        ),
        (
            damage_model(outputs=10**9),
            r"config\.json: outputs is 10{9}, but the weights are at most \d+ wide",
        ),
        (damage_model(filters="4"), r"config\.json: .*it was changed"),
        (damage_model(length=10**30), r"config\.json: .*it was changed"),
        (damage_model(pool=3), r"config\.json: .*it was changed"),
        (
            damage_model(architecture="bpnet", mixing=1.0, filters=4, control=5),
            r"config\.json: .*it was changed",
        ),
        (
            damage_model(filters=5),
            r"'head\.dense\.weight' has shape \(3, 8\), the model \(3, 10\): it belongs to another model",
        ),
        (
            damage_model(architecture="bpnet", mixing=1.0, filters=4),
            r"(lacks the tensor|has an unknown tensor) '.*': it belongs to another model",
        ),
    ],
)
def test_damaged_checkpoints_are_refused_in_one_line(tmp_path, damage, message):
    folder = save_checkpoint(motif_cnn(), tmp_path / "a")
    damage(folder)
    with pytest.raises((ValueError, FileNotFoundError), match=message) as caught:
        load_checkpoint(folder)
    assert "\n" not in str(caught.value)


def test_only_folders_are_checkpoints(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none has no config\.json: a checkpoint is a folder with"):
        load_checkpoint(tmp_path / "none")
    torch.save({}, tmp_path / "model.pt")
    with pytest.raises(ValueError, match=r"model\.pt is a pickle"):
        load_checkpoint(tmp_path / "model.pt")
    (tmp_path / "weights").write_bytes(pack_tensors({"a": torch.ones(1)}))
    with pytest.raises(ValueError, match=r"weights is a file: a checkpoint is a folder"):
        load_checkpoint(tmp_path / "weights")


def test_weights_two_folders_up_are_found_by_their_sha256_alone(tmp_path, monkeypatch):
    folder = save_checkpoint(motif_cnn(), tmp_path / "task" / "strategy")
    digest = read_config(folder)["sha256"]
    place = tmp_path / "weights" / f"{digest[:16]}.safetensors"
    place.parent.mkdir()
    (folder / "model.safetensors").rename(place)
    for start, name in ((tmp_path, "task/strategy"), (tmp_path / "task", "strategy"), (folder, ".")):
        monkeypatch.chdir(start)
        assert load_checkpoint(name).config == motif_cnn().config
    place.write_bytes(place.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"weights/.* bytes with sha256 .*, but config\.json expects"):
        load_checkpoint(folder)
    (tmp_path / "secret.safetensors").write_bytes(b"{}")
    config = json.loads((folder / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps({**config, "sha256": "../secret"}))
    with pytest.raises(FileNotFoundError, match=r"strategy/model\.safetensors is missing"):
        load_checkpoint(folder)


def test_only_built_models_are_saved(tmp_path):
    with pytest.raises(
        ValueError, match=r"Linear has no config to rebuild it from: save models made by build"
    ):
        save_checkpoint(nn.Linear(2, 2), tmp_path / "a")
    with pytest.raises(ValueError, match=r"not JSON serializable"):
        save_checkpoint(motif_cnn(), tmp_path / "a", task=object())
    assert not (tmp_path / "a").exists()
