"""The wheel that users install holds all that it needs, nothing else, and runs with the core dependencies."""

import os
import re
import subprocess
import sys
import zipfile
from email import message_from_string
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
OPTIONAL = (
    "lightning", "scipy", "sklearn", "matplotlib", "pytest", "tangermeme", "onnx", "onnxruntime",
    "huggingface_hub", "rdata",
)  # fmt: skip
"""What no command of the core may need; None in ``sys.modules`` makes its import fail.

Not sympy, which PyTorch requires, and imports where operations are counted.
"""
LARGEST = 6_000_000
"""Bytes of the wheel: what downloads in a second or two."""
PREAMBLE = f"""
import sys

for name in {OPTIONAL!r}:
    sys.modules[name] = None
sys.path.insert(0, sys.argv.pop(1))
"""
MODEL = """
import rczoo
from torch import nn


def build():
    layers = nn.Conv1d(4, 4, 7), nn.ReLU(), nn.AdaptiveMaxPool1d(1), nn.Flatten(), nn.Linear(4, 1)
    return rczoo.conjoin(nn.Sequential(*layers), outputs="1t")
"""
IN_PYTHON = """
import rczoo

assert rczoo.__file__.startswith(sys.path[0]), rczoo.__file__
assert rczoo.list_models("sim-200/*")[0] == "sim-200/posthoc"
model = rczoo.load("sim-200")
answer = rczoo.predict(model, rczoo.one_hot(["ACGT" * 50, "GATTACA" * 28 + "ACGT"]))
assert tuple(answer.shape) == (2, 3), answer.shape
"""
WITHOUT_NETWORK = """
import socket

socket.socket.connect = None
import rczoo
from rczoo.hub.published import entries

chosen = [name for name, entry in entries().items() if entry.recommended]
for name in chosen:
    rczoo.load(name.partition("/")[0])
print(len(chosen))
try:
    rczoo.load("gue-tf0/rcps")
except ValueError as error:
    print(error)
"""
NEWCOMER = """
import os
import socket
import sys
from pathlib import Path


def refused(*_):
    raise OSError("there is no network")


socket.socket.connect = socket.getaddrinfo = refused
from typer.testing import CliRunner

from rczoo.cli.main import app


def rczoo(*arguments):
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == 0, (arguments, done.output, done.exception)
    return done.output


assert not [name for name in os.environ if name.startswith(("RCZOO", "XDG", "HF"))]
rczoo("examples", "first")
os.chdir("first")
lines = Path("peaks.bed").read_text().splitlines(keepends=True)
Path("few.bed").write_text("".join(lines[:2]))
assert "gcn4/mixing-0-agreement-8" in rczoo("models", "list", "--best")
assert "gcn4/mixing-0-agreement-8, recommended" in rczoo("models", "info", "gcn4")
rczoo("predict", "sim-200", "--fasta", "sequences.fa", "--out", "labels.tsv")
rczoo("predict", "gcn4", "--genome", "genome.fa", "--bed", "few.bed", "--out", "profiles.tsv")
method = "--target", "GATA", "--method", "ism", "--logos", "0"
rczoo("explain", "sim-200", "--fasta", "sequences.fa", *method, "--out", "gata")
rczoo("variants", "gcn4", "--vcf", "variants.vcf", "--genome", "genome.fa", "--out", "effects.tsv")
for name in ("labels.tsv", "profiles.tsv", "gata.tsv", "effects.tsv"):
    print(name, len(Path(name).read_text().splitlines()))
"""
COMMAND = """
from rczoo.cli.main import app

app()
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built from the checkout without a network."""
    pytest.importorskip("hatchling", reason="the build needs hatchling: pip install 'rczoo[dev]'")
    folder = tmp_path_factory.mktemp("dist")
    build = [sys.executable, "-m", "pip", "wheel", "-q", "--no-deps", "--no-build-isolation"]
    subprocess.run([*build, "--no-index", "-w", folder, ROOT], check=True)
    (built,) = folder.glob("*.whl")
    return built


@pytest.fixture(scope="module")
def installed(wheel, tmp_path_factory):
    """A folder that holds what the wheel holds."""
    folder = tmp_path_factory.mktemp("installed")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    return folder


def run(installed, tmp_path, program, *arguments, environment=None):
    """Run a program with the unpacked wheel and the core dependencies, away from the checkout."""
    if environment is None:
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        environment |= {"RCZOO_CACHE": str(tmp_path / "cache"), "PYTHONSAFEPATH": "1"}
    return subprocess.run(
        [sys.executable, "-c", PREAMBLE + program, installed, *arguments],
        cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300,
    )  # fmt: skip


def test_holds_the_package_and_nothing_else(installed, wheel):
    version = wheel.name.split("-")[1]
    assert {path.name for path in installed.iterdir()} == {"rczoo", f"rczoo-{version}.dist-info"}


def test_holds_types_faces_and_data(installed):
    faces = {path.relative_to(ROOT) for path in (ROOT / "rczoo").rglob("__init__.pyi")}
    data = {
        "files/manifest.tsv",
        "data/sources/motifs.json",
        "evaluation/paper.csv",
        "_zoo/models/index.json",
    }
    tasks = {f"_zoo/tasks/{path.name}" for path in (ROOT / "zoo" / "tasks").glob("*.toml")}
    wanted = faces | {Path("rczoo", name) for name in {"py.typed"} | data | tasks}
    assert len(faces) > 10
    assert {path for path in wanted if not (installed / path).is_file()} == set()


def test_a_package_index_shows_links_and_pictures_of_the_repository(installed):
    (told,) = installed.glob("*.dist-info/METADATA")
    package = message_from_string(told.read_text("utf-8"))
    repository = package["Project-URL"].removeprefix("Repository, ")
    links = re.findall(r"(!?)\[[^\[\]]*\]\(([^)]+)\)", package.get_payload())
    assert {address for _, address in links if not address.startswith("https://")} == set()
    ours = [(picture, address) for picture, address in links if address.startswith(repository)]
    assert {picture for picture, _ in ours} == {"", "!"}
    for picture, address in ours:
        start = f"{repository}/{'raw' if picture else 'blob'}/v{package['Version']}/"
        assert address.startswith(start), address
        assert (ROOT / address.removeprefix(start).partition("#")[0]).is_file(), address


def test_is_small_and_has_every_recommended_model(installed, wheel, tmp_path):
    assert wheel.stat().st_size < LARGEST
    result = run(installed, tmp_path, WITHOUT_NETWORK)
    assert result.returncode == 0, result.stderr
    number, told = result.stdout.splitlines()
    assert int(number) > 10
    assert told == "model gue-tf0/rcps does not come with the package: set RCZOO_HUB to its hub"


def test_predicts_with_the_core_alone(installed, tmp_path):
    result = run(installed, tmp_path, IN_PYTHON)
    assert result.returncode == 0, result.stderr


def test_a_newcomer_without_network_lists_predicts_explains_and_scores_variants(installed, tmp_path):
    """In an empty environment, with an empty home, from the wheel alone."""
    home = tmp_path / "home"
    home.mkdir()
    empty = {"HOME": str(home), "PATH": os.defpath}
    result = run(installed, tmp_path, NEWCOMER, environment=empty)
    assert result.returncode == 0, result.stderr
    found = dict(line.rsplit(" ", 1) for line in result.stdout.splitlines())
    variants = (tmp_path / "first" / "variants.vcf").read_text().splitlines()
    assert {name: int(lines) for name, lines in found.items()} == {
        "labels.tsv": 1 + 12,
        "profiles.tsv": 1 + 2 * 99,
        "gata.tsv": 1 + 12 * 200,
        "effects.tsv": 1 + sum(not line.startswith("#") for line in variants),
    }
    assert not any(home.rglob("*.safetensors")), "what the wheel holds is used where it is"


def test_explains_its_commands(installed, tmp_path):
    result = run(installed, tmp_path, COMMAND, "--help")
    assert result.returncode == 0, result.stderr
    assert "predict" in result.stdout


def test_checks_a_model(installed, tmp_path):
    (tmp_path / "tiny_model.py").write_text(MODEL)
    result = run(installed, tmp_path, COMMAND, "check", "tiny_model:build", "--length", "40", "--quick")
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_extras_are_out_of_reach(installed, tmp_path):
    result = run(installed, tmp_path, "import lightning")
    assert "ModuleNotFoundError" in result.stderr
