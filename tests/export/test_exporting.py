"""Exported files give the model's numbers away from this package, at any batch size."""

import json
import subprocess
import sys

import numpy as np
import pytest
import torch
from typer import Typer
from typer.testing import CliRunner

from rczoo import build, ensemble
from rczoo.cli.models import export as export_command
from rczoo.export.exporting import export, exported_program
from rczoo.family.architectures.paper import PAPER
from rczoo.family.checkpoint import save_checkpoint
from rczoo.nn import RCActivation, RCConv1d, RCSequential
from rczoo.testing import inputs_of

onnxruntime = pytest.importorskip("onnxruntime", reason="needs the extra rczoo[export]")
pytest.importorskip("onnxscript", reason="needs the extra rczoo[export]")

MODELS = {
    "labels": ("tf-cnn", {"strategy": "rcps", "filters": 4, "length": 198, "pool": (20, 6)}),
    "probability": ("motif-cnn", {"mixing": "conjoined", "merge": "probability", "length": 100}),
    "profile": ("bpnet", {"mixing": 0.5, "filters": 4, "length": 400, "control": "1r"}),
    "positions": (
        "bpnet",
        {"mixing": 0, "filters": 4, "length": 400, "position": "tied", "count_head": False},
    ),
    "interpolated": ("danq", {"mixing": 0.5, "filters": 4, "length": 77}),
    "max profile": ("bpnet", {"mixing": 0, "merge": "max", "filters": 4, "length": 400, "count_head": False}),
}


@pytest.fixture(autouse=True)
def shallow(monkeypatch):
    """Two of bpnet's six dilated layers: the others are exported alike, and cost as much each."""
    monkeypatch.setitem(PAPER, "bpnet", PAPER["bpnet"]._replace(blocks=PAPER["bpnet"].blocks[:3]))


def trained(name):
    torch.manual_seed(1)
    architecture, options = MODELS[name]
    model = build(architecture, **options)
    with torch.no_grad():
        if getattr(model.config, "position", None):
            model.head.plus.uniform_(-1, 1)
        for buffer in model.buffers():
            if buffer.is_floating_point():
                buffer.uniform_(0.5, 2)
    return model.eval()


def inputs(model, batch, more=0):
    length = model.config.length + more
    tensors = [torch.nn.functional.one_hot(torch.randint(4, (batch, length)), 4).mT.float()]
    if len(model.rep_in) > 1:
        tensors.append(torch.rand(batch, model.control.channels, model.output_length(length)))
    return tensors


def expected(model, tensors):
    with torch.no_grad():
        answer = model(*tensors)
    return [y.numpy() for y in (answer if isinstance(answer, tuple) else (answer,))]


def close(got, want):
    for u, v in zip(got, want, strict=True):
        np.testing.assert_allclose(u, v, rtol=1e-5, atol=1e-5)


ELSEWHERE = """
import json, sys
import numpy as np
import onnxruntime
session = onnxruntime.InferenceSession(sys.argv[1], providers=["CPUExecutionProvider"])
data = np.load(sys.argv[2])
outputs = session.run(None, {i.name: data[i.name] for i in session.get_inputs()})
np.savez(sys.argv[3], **{o.name: y for o, y in zip(session.get_outputs(), outputs)})
assert not {"rczoo", "torch"} & set(sys.modules)
print(session.get_modelmeta().custom_metadata_map["rczoo"])
"""


@pytest.mark.parametrize("name", MODELS)
def test_onnx_elsewhere_gives_the_same(name, tmp_path):
    model = trained(name)
    path = export(model, tmp_path / "model.onnx")
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    names = [i.name for i in session.get_inputs()]
    for batch in (1, 5):
        for more in (0, 7) if "profile" in name else (0,):
            given = inputs(model, batch, more)
            fed = dict(zip(names, (x.numpy() for x in given), strict=True))
            close(session.run(None, fed), expected(model, given))
    np.savez(tmp_path / "in.npz", **fed)
    done = subprocess.run(
        [sys.executable, "-I", "-c", ELSEWHERE, path, tmp_path / "in.npz", tmp_path / "out.npz"],
        check=True,
        capture_output=True,
        text=True,
        cwd=tmp_path,
    )
    assert json.loads(done.stdout)["config"] == json.loads(json.dumps(model.config.keywords()))
    outputs = np.load(tmp_path / "out.npz")
    assert list(outputs) == (["profile", "counts"] if name == "profile" else ["logits"])
    close([outputs[o] for o in outputs], expected(model, given))


@pytest.mark.parametrize("name", ["labels", "profile"])
@pytest.mark.parametrize("ending", ["onnx", "pt2"])
def test_an_ensemble_is_one_file(name, ending, tmp_path):
    model = ensemble([trained(name), trained(name).remerge("max")])
    path = export(model, tmp_path / f"model.{ending}")
    for batch in (1, 3):
        X = inputs_of(model, batch, seed=batch, dtype=torch.float32)
        if ending == "pt2":
            found = torch.export.load(path).module()(*X)
            found = found if isinstance(found, tuple) else (found,)
        else:
            session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
            found = session.run(
                None, {i.name: x.numpy() for i, x in zip(session.get_inputs(), X, strict=True)}
            )
        close(found, expected(model, X))


@pytest.mark.parametrize("name", MODELS)
def test_pt2_gives_the_same(name, tmp_path):
    model = trained(name)
    about = {"rczoo": ""}
    program = torch.export.load(export(model, tmp_path / "model.pt2"), extra_files=about).module()
    for batch in (1, 5):
        given = inputs(model, batch)
        got = program(*given)
        close(got if isinstance(got, tuple) else (got,), expected(model, given))
    assert json.loads(about["rczoo"])["rep_in"][0] == "2r:flip"


def test_a_pool_that_leaves_a_remainder_is_exported_in_frames():
    """Windows that do not coincide on both strands (T7) have no fused form."""
    network = build("tf-cnn", mixing=1, length=101, filters=4, pool=(8, 3)).eval()
    program, given = exported_program(network), inputs(network, 3)
    close([program.module()(*given)], expected(network, given))
    assert program.graph_module.meta["rczoo"]["config"]["length"] == 101


def test_tied_layers_are_exported_for_one_length(tmp_path):
    model = RCSequential(RCConv1d("2r:flip", "3r", 5), RCActivation("3r")).eval()
    x = torch.randn(3, 4, 20)
    torch.testing.assert_close(exported_program(model, length=20).module()(x), model(x))
    with pytest.raises(
        ValueError, match=r"^export: an RCSequential is exported for one length: give length=$"
    ):
        exported_program(model)


def test_unknown_formats_are_refused(tmp_path):
    with pytest.raises(ValueError, match=r"^unknown format 'h5': choose one of onnx, pt2$"):
        export(trained("labels"), tmp_path / "model.h5")
    assert not list(tmp_path.iterdir())


def test_the_command(tmp_path):
    app = Typer()
    app.command()(export_command)
    folder, out = tmp_path / "model", tmp_path / "model.pt2"
    save_checkpoint(trained("probability"), folder)
    result = CliRunner().invoke(app, [str(folder), "--format", "pt2", "--out", str(out)])
    assert result.exit_code == 0, result.output
    assert result.output.startswith(f"wrote {out}: 0.")
    assert torch.export.load(out).module()(torch.zeros(2, 4, 100)).shape == (2, 3)
    again = CliRunner().invoke(app, [str(folder), "--out", str(out)])
    assert str(again.exception) == f"{out} exists: choose another name, or give --force"
    inside = CliRunner().invoke(app, [str(folder), "--force", "--out", str(folder / "model.safetensors")])
    assert "is read as well, and writing would destroy it" in str(inside.exception)
    missing = CliRunner().invoke(app, ["no/such", "--out", str(tmp_path / "x.onnx")])
    assert "no/such" in str(missing.exception)


@pytest.mark.slow
@pytest.mark.filterwarnings(
    "ignore:.torch.jit.script_method. is deprecated:DeprecationWarning"
)  # torch's own
@pytest.mark.parametrize(
    ("architecture", "shape"),
    [
        ("motif-cnn", {"length": 61}),
        ("tf-cnn", {"length": 71, "pool": (8, 3)}),
        ("bpnet", {"length": 400, "count_head": False}),
    ],
)
def test_compiled_networks_train_as_they_are(architecture, shape):
    from torch._inductor import cpp_builder, exc

    try:
        cpp_builder.get_cpp_compiler()
    except exc.InvalidCxxCompiler:
        pytest.skip("no C++ compiler, which torch.compile needs")
    model = build(architecture, mixing="rcps", filters=4, execution="tied", **shape).train()
    (X,) = inputs(model, 3)
    want = model(X)
    slopes = torch.autograd.grad(want.square().sum(), list(model.parameters()))
    torch.compiler.reset()
    got = torch.compile(model, dynamic=False)(X)  # PyTorch 2.13 fails on bpnet with symbolic lengths
    torch.testing.assert_close(got, want, rtol=1e-4, atol=1e-5)
    compiled = torch.autograd.grad(got.square().sum(), list(model.parameters()))
    largest = max(slope.abs().max().item() for slope in slopes)
    torch.testing.assert_close(compiled, slopes, rtol=1e-3, atol=1e-4 * largest)
