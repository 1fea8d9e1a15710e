"""Published models: found, verified, cached; from a real server on loopback that misbehaves in every way."""

import hashlib
import http.server
import json
import pickle
import shutil
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path

import pytest
import torch
from typer.testing import CliRunner

from rczoo import build
from rczoo.cli import models as models_cli
from rczoo.family.checkpoint import save_checkpoint
from rczoo.hub import published as hub
from rczoo.hub.index import FILES
from rczoo.hub.remotes import remote

NAME = "sim-9/rcps"
WEIGHTS = "model.safetensors"
ROOT = Path(__file__).parents[2]


def record(path, relative):
    content = path.read_bytes()
    return {"path": relative, "sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}


def place_of(folder, name, file):
    """Where a hub has a file of a model, relative to the hub: beside the others, or its weights shared."""
    if file == WEIGHTS and not (folder / name / file).exists():
        digest = json.loads((folder / name / "config.json").read_text())["sha256"]
        return f"weights/{digest[:16]}.safetensors"
    return f"{name}/{file}"


def write_index(folder, names, change=lambda models: None):
    models = {
        name: {
            "files": {
                file: record(folder / place, place)
                for file in FILES
                if (folder / (place := place_of(folder, name, file))).is_file()
            },
            "merge": "sum",
            "metrics": {"auroc": 0.9, "of": "test"},
        }
        for name in names
    }
    change(models)
    (folder / "index.json").write_text(json.dumps({"format": "rczoo index 1", "models": models}))


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    folder = tmp_path_factory.mktemp("published")
    for seed, name in enumerate([NAME, "sim-9/conjoined"]):
        torch.manual_seed(seed)
        model = build("motif-cnn", strategy=name.partition("/")[2], filters=2, length=60)
        save_checkpoint(model, folder / name)
    write_index(folder, [NAME, "sim-9/conjoined"])
    return folder


@pytest.fixture
def place(published, tmp_path):
    """A copy of the hub's folder, to be spoilt."""
    return shutil.copytree(published, tmp_path / "hub")


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "cache"))
    monkeypatch.delenv("RCZOO_HUB", raising=False)
    monkeypatch.setattr(hub, "bundled_folder", lambda: tmp_path / "bundled")
    return tmp_path / "cache"


class Handler(http.server.SimpleHTTPRequestHandler):
    dies_after = None

    def log_message(self, *_):
        pass

    def copyfile(self, source, outputfile):
        if self.dies_after is None or "safetensors" not in self.path:
            return super().copyfile(source, outputfile)
        outputfile.write(source.read(self.dies_after))
        outputfile.flush()
        self.connection.close()
        return None


@pytest.fixture
def serve(monkeypatch, cache):
    servers = []

    def start(folder, **options):
        handler = type("Handler", (Handler,), options)
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(handler, directory=str(folder)))
        server.handle_error = lambda *_: None
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        servers.append(server)
        monkeypatch.setenv("RCZOO_HUB", f"http://127.0.0.1:{server.server_port}")
        return server

    yield start
    for server in servers:
        server.shutdown()
        server.server_close()


def models_in(cache):
    return [path for path in (cache / "models").rglob("*") if path.is_file()]


def test_a_model_from_a_server_is_the_model_that_was_published(serve, published, cache):
    serve(published)
    torch.manual_seed(0)
    expected = build("motif-cnn", strategy="rcps", filters=2, length=60)
    found = hub.load(NAME)
    assert found.config == expected.config
    assert not found.training
    for key, value in expected.state_dict().items():
        assert torch.equal(found.state_dict()[key], value)
    assert hub.list_models() == ["sim-9/conjoined", NAME]
    assert hub.list_models("*/conj*") == ["sim-9/conjoined"]


@pytest.mark.parametrize("kind", ["file", "plain"])
def test_a_folder_is_a_hub(kind, published, cache, monkeypatch):
    monkeypatch.setenv("RCZOO_HUB", published.as_uri() if kind == "file" else str(published))
    assert hub.load(NAME).config.filters == 2


def test_what_was_fetched_needs_no_server_and_no_writing(serve, published, cache):
    server = serve(published)
    folder = hub.fetch(NAME)
    server.shutdown()
    server.server_close()
    before = {path: path.stat().st_mtime_ns for path in cache.rglob("*")}
    assert hub.fetch(NAME) == folder
    assert hub.load(NAME).config.filters == 2
    assert {path: path.stat().st_mtime_ns for path in cache.rglob("*")} == before


def test_a_spoilt_file_in_the_cache_is_fetched_again(serve, published, cache):
    serve(published)
    folder = hub.fetch(NAME)
    (weights,) = (cache / "models" / "weights").iterdir()
    good = weights.read_bytes()
    weights.write_bytes(good[:-1])
    assert hub.fetch(NAME) == folder
    assert weights.read_bytes() == good


def spoil_weights(place, spoil):
    path = place / NAME / "model.safetensors"
    path.write_bytes(spoil(path.read_bytes()))


@pytest.mark.parametrize(
    ("spoil", "message"),
    [
        (lambda c: c[:-1] + bytes([c[-1] ^ 1]), r"sim-9/rcps/model\.safetensors from .*damaged or changed"),
        (lambda c: c[:40], r": 40 bytes with sha256 .* nothing was kept, try again"),
        (lambda c: c + b"more", r"is longer than the \d+ bytes it should have"),
    ],
)
def test_corruption_is_refused(serve, place, cache, spoil, message):
    spoil_weights(place, spoil)
    serve(place)
    with pytest.raises(ValueError, match=message) as caught:
        hub.load(NAME)
    assert "\n" not in str(caught.value)
    assert not list(cache.rglob("*.safetensors"))


def test_a_server_that_dies_midway_leaves_nothing_and_a_later_one_mends_it(serve, published, cache):
    serve(published, dies_after=100)
    with pytest.raises(ConnectionError, match=r"cannot read http://.*RCZOO_HUB"):
        hub.load(NAME)
    assert not list(cache.rglob("*.safetensors"))
    serve(published)
    assert hub.load(NAME).config.filters == 2


def describe(models):
    for name, organism, bar in (("rcps", "yeast", 0.8), ("conjoined", "human", 0.95)):
        about = {"organism": organism, "kind": "labels", "bar": bar, "architecture": "motif-cnn"}
        models[f"sim-9/{name}"] |= about
    models[NAME]["recommended"] = True


def test_a_task_s_name_stands_for_its_recommended_model(serve, place, cache, tmp_path, monkeypatch):
    write_index(place, [NAME, "sim-9/conjoined"], describe)
    serve(place)
    assert hub.list_models() == [NAME, "sim-9/conjoined"], "the recommended ones first"
    assert hub.fetch("sim-9") == hub.fetch(NAME)
    with pytest.raises(ValueError, match=r"no model 'sim-8'; near it: sim-9"):
        hub.load("sim-8")
    (tmp_path / "sim-9").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(hub, "bundled_folder", lambda: place)
    assert hub.load("sim-9").config == hub.load(NAME).config, "a folder that is no checkpoint is not meant"


def test_models_are_listed_by_what_they_are(serve, place, cache):
    write_index(place, [NAME, "sim-9/conjoined"], describe)
    serve(place)
    assert hub.list_models(organism="human") == hub.list_models(above_bar=False) == ["sim-9/conjoined"]
    assert hub.list_models("sim-9/*", kind="labels", above_bar=True) == [NAME]
    assert hub.list_models(architecture="motif-cnn") == [NAME, "sim-9/conjoined"]
    assert hub.list_models(kind="profile") == hub.list_models(architecture="bpnet") == []


def test_no_server_at_all(cache, monkeypatch):
    monkeypatch.setenv("RCZOO_HUB", "http://127.0.0.1:9")
    with pytest.raises(ConnectionError, match=r"cannot read http://127\.0\.0\.1:9/index\.json"):
        hub.load(NAME)


def test_a_checkpoint_that_is_a_pickle_is_refused(serve, place, cache):
    (place / NAME / "model.safetensors").write_bytes(pickle.dumps({"a": 1}))
    write_index(place, [NAME])
    serve(place)
    with pytest.raises(ValueError, match="is a pickle, which could run any code and is never loaded"):
        hub.load(NAME)
    assert not list(cache.rglob("*.safetensors"))


def climb(models):
    models[NAME]["files"]["model.safetensors"]["path"] = "../../secret"


def test_a_tampered_index_is_refused_and_not_kept(serve, place, cache):
    write_index(place, [NAME], climb)
    serve(place)
    with pytest.raises(ValueError, match=r"has the path '\.\./\.\./secret', which leaves the hub's folder"):
        hub.load(NAME)
    assert not cache.exists()


def bundle(place, tmp_path):
    """The package's own index becomes that of a hub; its files do not come with it."""
    (tmp_path / "bundled").mkdir()
    shutil.copy(place / "index.json", tmp_path / "bundled")


def test_of_a_published_model_the_package_s_word_counts(serve, place, cache, tmp_path):
    serve(place)
    bundle(place, tmp_path)
    shutil.copytree(place / NAME, place / "sim-9" / "new")
    save_checkpoint(build("motif-cnn", strategy="rcps", filters=3, length=60), place / NAME)
    write_index(place, [NAME, "sim-9/new"])
    with pytest.raises(ValueError, match=r"published were .*: it is damaged or changed; nothing was kept"):
        hub.load(NAME)
    assert not models_in(cache)
    assert hub.load("sim-9/new").config.filters == 2, "all else of the hub can be had"


def test_a_changed_index_does_nothing_to_a_model_that_is_cached(serve, place, cache, tmp_path):
    server = serve(place)
    bundle(place, tmp_path)
    assert hub.load(NAME).config.filters == 2, "too large for the package, so it comes from the hub"
    save_checkpoint(build("motif-cnn", strategy="rcps", filters=3, length=60), place / NAME)
    write_index(place, [NAME])
    assert hub.load(NAME).config.filters == 2
    server.shutdown()
    server.server_close()
    assert hub.load(NAME).config.filters == 2, "nor later, from the index that was kept"


def test_a_new_card_is_no_other_model(serve, place, cache, tmp_path):
    card = place / NAME / "README.md"
    card.write_text("one seed")
    write_index(place, [NAME])
    bundle(place, tmp_path)
    server = serve(place)
    folder = hub.fetch(NAME)
    card.write_text("two seeds")
    write_index(place, [NAME])
    assert hub.list_models() == [NAME]
    server.shutdown()
    server.server_close()
    assert hub.fetch(NAME) == folder, "the new card is not needed"
    assert (folder / "README.md").read_text() == "one seed"


def test_a_read_only_cache_lends_what_it_has(serve, place, cache, monkeypatch):
    serve(place)
    hub.fetch(NAME)
    write_index(place, [NAME])

    def refuse(*_):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(hub, "atomically", refuse)
    assert hub.load(NAME).config.filters == 2
    assert hub.list_models() == [NAME]


def test_models_of_the_package_need_no_cache(published, tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "absent"))
    monkeypatch.delenv("RCZOO_HUB", raising=False)
    monkeypatch.setattr(hub, "bundled_folder", lambda: published)
    assert hub.load(NAME).config.filters == 2
    assert not (tmp_path / "absent").exists()


def test_a_changed_model_of_the_package_is_refused(place, cache, monkeypatch):
    monkeypatch.setattr(hub, "bundled_folder", lambda: place)
    spoil_weights(place, lambda content: content[:-1])
    with pytest.raises(ValueError, match="was changed since it was published: install the package again"):
        hub.load(NAME)


def test_unknown_names_suggest_the_nearest(serve, published, cache, monkeypatch):
    serve(published)
    with pytest.raises(ValueError, match=r"no model 'sim-9/rpcs'; near it: sim-9/rcps"):
        hub.load("sim-9/rpcs")
    monkeypatch.delenv("RCZOO_HUB")
    with pytest.raises(
        ValueError, match=r"no model 'a/b'; near it: none, .* More models may be on a hub: set"
    ):
        hub.load("a/b")


def test_a_model_left_out_of_the_package_names_its_way(published, cache, tmp_path):
    bundle(published, tmp_path)
    with pytest.raises(ValueError, match="does not come with the package: set RCZOO_HUB to its hub"):
        hub.load(NAME)


def test_a_cache_that_cannot_be_written(published, cache, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "file" / "cache"))
    monkeypatch.setenv("RCZOO_HUB", str(published))
    with pytest.raises(OSError, match=r"cannot write to the cache .*set RCZOO_CACHE to a folder of yours"):
        hub.load(NAME)


def test_processes_that_fetch_at_once(serve, published, cache):
    serve(published)
    command = [sys.executable, "-c", f"from rczoo.hub.published import fetch; print(fetch({NAME!r}))"]
    fetching = [subprocess.Popen(command, stdout=subprocess.PIPE, cwd=ROOT) for _ in range(3)]
    assert {process.communicate()[0].decode().strip() for process in fetching} == {str(hub.fetch(NAME))}
    digest = json.loads((published / NAME / "config.json").read_text())["sha256"]
    assert sorted(path.name for path in models_in(cache)) == sorted(
        [f"{digest[:16]}.safetensors", "config.json"]
    )
    assert not list((cache / "partial").iterdir())
    assert hub.load(NAME).config.filters == 2


def test_a_hugging_face_repository(serve, published, cache, tmp_path, monkeypatch):
    root = tmp_path / "hf"
    (root / "org" / "name" / "resolve").mkdir(parents=True)
    (root / "org" / "name" / "resolve" / "v1").symlink_to(published)
    server = serve(root)
    monkeypatch.setenv("HF_ENDPOINT", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("RCZOO_HUB", "hf://org/name@v1")
    assert hub.load(NAME).config.filters == 2
    assert remote("hf://org/name").address.endswith("/org/name/resolve/main")


def test_a_checkpoint_folder_wherever_a_name_does(published, tmp_path, monkeypatch):
    model = build("motif-cnn", strategy="rcps", filters=2, length=200)
    save_checkpoint(model, tmp_path / "run")
    monkeypatch.chdir(tmp_path)
    for name in ("run", tmp_path / "run", str(tmp_path / "run")):
        assert hub.load(name).config == model.config
    (tmp_path / "empty").mkdir()
    with pytest.raises(FileNotFoundError, match=r"empty has no config\.json: a checkpoint is a folder with"):
        hub.load("empty")


@pytest.fixture
def shared(published, tmp_path):
    """A hub where two models have the same weights in one file."""
    folder = shutil.copytree(published, tmp_path / "shared")
    model = hub.load(folder / NAME).remerge("mean")
    save_checkpoint(model, folder / "sim-9" / "mean")
    digest = json.loads((folder / NAME / "config.json").read_text())["sha256"]
    (folder / "weights").mkdir()
    (folder / NAME / WEIGHTS).rename(folder / "weights" / f"{digest[:16]}.safetensors")
    (folder / "sim-9" / "mean" / WEIGHTS).unlink()
    write_index(folder, [NAME, "sim-9/mean"])
    return folder


def test_weights_that_models_share_are_downloaded_once(serve, shared, cache, monkeypatch):
    serve(shared)
    one = hub.load(NAME)
    read = []
    monkeypatch.setattr(hub, "_read", lambda *given, plain=hub._read: read.append(given[1]) or plain(*given))
    other = hub.load("sim-9/mean")
    assert read == ["index.json", "sim-9/mean/config.json"]
    assert (one.config.merge, other.config.merge) == ("sum", "mean")
    for key, value in one.state_dict().items():
        assert torch.equal(other.state_dict()[key], value)
    assert len(list(cache.rglob("*.safetensors"))) == 1


def test_a_package_with_shared_weights_is_only_read(shared, tmp_path, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(tmp_path / "absent"))
    monkeypatch.delenv("RCZOO_HUB", raising=False)
    monkeypatch.setattr(hub, "bundled_folder", lambda: shared)
    before = {path: path.stat().st_mtime_ns for path in shared.rglob("*")}
    for path in before:
        path.chmod(0o555 if path.is_dir() else 0o444)
    assert [hub.load(name).config.merge for name in (NAME, "sim-9/mean")] == ["sum", "mean"]
    folder = hub.fetch("sim-9/mean")
    assert hub.load(folder).config.merge == "mean", "its folder is a checkpoint, too"
    for path in before:
        path.chmod(0o755)
    assert {path: path.stat().st_mtime_ns for path in shared.rglob("*")} == before
    assert not (tmp_path / "absent").exists()


def test_spoilt_shared_weights_of_the_package_are_refused(shared, cache, monkeypatch):
    monkeypatch.setattr(hub, "bundled_folder", lambda: shared)
    (weights,) = (shared / "weights").iterdir()
    weights.write_bytes(weights.read_bytes()[:-1])
    with pytest.raises(ValueError, match=r"weights/.*\.safetensors was changed since it was published"):
        hub.load("sim-9/mean")
    weights.unlink()
    with pytest.raises(ValueError, match="does not come with the package"):
        hub.load("sim-9/mean")


def test_a_config_that_asks_for_other_weights_than_the_index_is_refused(serve, place, cache):
    shutil.copy(place / "sim-9" / "conjoined" / "config.json", place / NAME)
    write_index(place, [NAME, "sim-9/conjoined"])
    serve(place)
    hub.load("sim-9/conjoined")
    with pytest.raises(
        ValueError, match=r"the config of sim-9/rcps asks for weights with sha256 .*, the index"
    ):
        hub.load(NAME)


def test_weights_in_an_older_cache_are_used_where_they_are(serve, published, cache):
    server = serve(published)
    folder = hub.fetch(NAME)
    (weights,) = (cache / "models" / "weights").iterdir()
    weights.rename(folder / WEIGHTS)
    server.shutdown()
    server.server_close()
    assert hub.load(NAME).config.filters == 2
    assert not weights.exists()


def test_the_public_names():
    import rczoo

    assert rczoo.load is hub.load
    assert rczoo.list_models is hub.list_models


def test_the_commands(serve, published, cache):
    serve(published)
    run = CliRunner().invoke
    assert run(models_cli.app, ["list", "--names"]).output.split() == ["sim-9/conjoined", NAME]
    assert json.loads(run(models_cli.app, ["list", "*/rcps", "--json"]).output) == [NAME]
    shown = run(models_cli.app, ["info", NAME]).output
    assert "model.safetensors" in shown
    assert "0.9000" in shown
    assert "merge                     sum" in shown
    about = json.loads(run(models_cli.app, ["info", NAME, "--json"]).output)
    assert (about["metrics"]["auroc"], about["merge"]) == (0.9, "sum")
    folder = Path(run(models_cli.app, ["fetch", NAME]).stdout.strip())
    assert (folder / "config.json").is_file()
    assert hub.load(folder).config.filters == 2
