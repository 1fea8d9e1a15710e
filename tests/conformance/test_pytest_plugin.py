"""The plugin from outside: a fresh pytest on a small file, its counts, its strictness and its exit code."""

import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path
from unittest.mock import patch

import pytest
import typer
from typer.testing import CliRunner

from rczoo.cli import check
from rczoo.conformance import cases

ROOT = Path(__file__).parents[2]
FAULTY = "tests.support.faulty_models"
PLUGIN = "rczoo.cli.pytest_plugin"

SUITE = """
from rczoo.conformance.cases import parametrize_with_checks
from tests.support.faulty_models import strands_not_swapped, tied

@parametrize_with_checks([
    (tied, {"outputs": "1r", "lengths": 60, "quick": True}),
    (strands_not_swapped, {"outputs": "1r", "lengths": 60, "quick": True,
                           "expect_fail": {"float64-law": "unstranded so far"}}),
])
def test_rc(check):
    check()
"""


def run(folder, *arguments):
    """Run pytest in a process and a folder of its own, with the plugin once."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", *options(folder), *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def options(folder):
    installed = any(e.value == PLUGIN for e in entry_points(group="pytest11"))
    plugin = [] if installed else ["-p", "no:rczoo", "-p", PLUGIN]
    return ["-q", "-rA", "--rootdir", str(folder), *plugin]


@pytest.fixture
def run_here(tmp_path, monkeypatch, capsys):
    """Run pytest in this process, which has imported what takes seconds: its exit code, what it printed."""
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.delitem(sys.modules, "test_models", raising=False)
        capsys.readouterr()
        with patch.dict(cases.RAN, clear=True):
            code = pytest.main([*options(tmp_path), "--import-mode=importlib", *arguments])
        return code, capsys.readouterr().out

    yield run
    sys.modules.pop("test_models", None)


def test_decorator_makes_one_test_per_check_and_counts_them(tmp_path):
    (tmp_path / "test_models.py").write_text(SUITE)
    done = run(tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "test_rc[tied-float64-law]" in done.stdout
    assert "1 xfailed" in done.stdout
    assert "rczoo: tied: 10 checks ran (10 passed, 0 failed), 8 skipped or noted" in done.stdout


EXTRA = """
from rczoo import parametrize_with_checks
from rczoo.conformance import failed, passed
from tests.support.faulty_models import tied

def positive(run):
    '''Every output is above zero.'''
    return passed()

def small(run):
    '''Every output is below 1e-6.'''
    return failed("it is not")

options = {"outputs": "1r", "lengths": 60, "only": ["runs", "positive", "small"],
           "extra_checks": {"positive": positive, "small": small}}

@parametrize_with_checks([(tied, options), (tied, {**options, "expect_fail": {"small": "no scale"}})])
def test_rc(check):
    check()
"""


def test_extra_checks_are_tests_of_their_own(tmp_path, run_here):
    (tmp_path / "test_models.py").write_text(EXTRA)
    code, text = run_here()
    assert code == 1
    assert "PASSED test_models.py::test_rc[tied-positive0]" in text
    assert "Every output is below 1e-6. Not so: it is not" in text
    assert "1 failed, 4 passed, 34 skipped, 1 xfailed" in text
    (tmp_path / "test_models.py").write_text(EXTRA.replace('"small": small}', '"runs": small}'))
    assert "extra check 'runs': the suite has a check of this name" in run_here()[1]


def test_an_expected_failure_that_passes_fails(tmp_path, run_here):
    (tmp_path / "test_models.py").write_text(
        SUITE.replace('"quick": True}),', '"quick": True, "expect_fail": {"runs": "x"}}),', 1)
    )
    code, text = run_here()
    assert code == 1
    assert "[XPASS(strict)] x" in text


def test_option_runs_the_checks_of_any_model(run_here):
    options = ["--rc-output", "1r", "--rc-length", "60", "--rc-quick"]
    code, text = run_here("--rc-model", f"{FAULTY}:even_width_with_same_padding", *options)
    assert code == 1
    assert "cause: same padding: in Tied '0'" in text
    assert 'repair: rczoo.conjoin(model, outputs="1r")' in text
    assert "Traceback" not in text
    excused = [*options, "--rc-expect-fail", "float64-law=known"]
    assert run_here("--rc-model", f"{FAULTY}:even_width_with_same_padding", *excused)[0] == 0


def test_checks_without_a_result_are_skipped_for_a_reason(tmp_path, run_here):
    (tmp_path / "test_models.py").write_text(
        SUITE.replace(
            '{"outputs": "1r", "lengths": 60, "quick": True}', '{"lengths": 60, "name": "undeclared"}'
        )
        .replace('"quick": True,\n', '"only": ["runs"],\n')
        .replace("float64-law", "dropout")
    )
    code, text = run_here()
    assert code == 1
    assert "say how RC acts on the outputs" in text
    assert "1 failed, 1 passed, 34 skipped" in text
    assert "SKIPPED [17]" in text
    assert "the model does not run" in text
    assert "not asked for" in text


def test_models_are_found_by_factory_and_by_published_name_or_fail_every_check(run_here):
    models = ["no.such:thing", "sim-200/rpcs", "sim-200/rcps"]
    named = [word for model in models for word in ("--rc-model", model)]
    code, text = run_here(*named, "--rc-quick", "--rc-inference-only")
    assert code == 1
    assert "cannot import no.such:thing" in text
    assert "no model 'sim-200/rpcs'; near it: sim-200/rcps" in text
    assert "36 failed" in text
    assert "sim-200/rcps: 8 checks ran (8 passed, 0 failed)" in text


def test_the_plugin_does_not_import_torch_until_it_is_used(tmp_path):
    (tmp_path / "test_light.py").write_text(
        "import sys\ndef test_light():\n    assert 'torch' not in sys.modules\n"
    )
    assert run(tmp_path).returncode == 0


app = typer.Typer()
app.command()(check.check)
app.command()(check.measure)
BASE = ["--output", "1r", "--length", "60", "--quick"]


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["check", f"{FAULTY}:tied", *BASE], 0, "obeys reverse complement"),
        (["check", f"{FAULTY}:strided_convolution", *BASE], 1, "nearest"),
        (["check", f"{FAULTY}:tied", "--output", "3t", "--length", "60"], 1, "COULD NOT BE CHECKED"),
        (
            ["check", f"{FAULTY}:nope", *BASE],
            2,
            "cannot import tests.support.faulty_models:nope: AttributeError",
        ),
        (["check", f"{FAULTY}:tide", *BASE], 2, "(did you mean 'tied'?)"),
        (["check", "tests.support.faulty_models", *BASE], 2, "write package.module:factory"),
        (["measure", "sim-200/rpcs"], 2, "no model 'sim-200/rpcs'; near it: sim-200/rcps"),
        (["check", f"{FAULTY}:FEATURES", *BASE], 2, "fails: TypeError"),
        (["check", f"{FAULTY}:dead_network", "--output", "q"], 2, "cannot read 'q'"),
        (["check", f"{FAULTY}:tied", *BASE, "--output", "b=1r"], 2, "name every one"),
        (["check", f"{FAULTY}:tied", *BASE, "--expect-fail", "dropout"], 2, "gives no reason"),
        (["check", f"{FAULTY}:tied", *BASE, "--expect-fail", "x=y"], 2, "no check named 'x'"),
        (["measure", f"{FAULTY}:tied", "--bed", "x.bed"], 2, "--bed and --fasta go together"),
        (["measure", f"{FAULTY}:tied", "--output", "3t"], 1, "acts on 3 channels"),
        (["check", f"{FAULTY}:uncopied", *BASE], 1, "cannot be copied, as every check needs: RuntimeError"),
        (["measure", f"{FAULTY}:uncopied", "--output", "1r"], 1, "cannot be copied, as every check needs"),
        (["check", f"{FAULTY}:tied", *BASE, "--device", "gpu"], 2, "unknown device 'gpu'"),
        (["measure", f"{FAULTY}:tied", "--output", "1r", "--device", "gpu"], 2, "unknown device 'gpu'"),
    ],
)
def test_commands_and_exit_codes(arguments, code, words):
    done = CliRunner().invoke(app, arguments)
    assert done.exit_code == code, done.output
    assert words in " ".join(done.output.split())
    assert "Traceback" not in done.output


def test_reports_are_written(tmp_path):
    files = ["--json", str(tmp_path / "r.json"), "--html", str(tmp_path / "r.html")]
    assert CliRunner().invoke(app, ["check", f"{FAULTY}:tied", *BASE, *files]).exit_code == 0
    assert '"passed": true' in (tmp_path / "r.json").read_text()
    assert "obeys reverse complement" in (tmp_path / "r.html").read_text()


def test_many_tasks_from_a_targets_table(tmp_path):
    table = tmp_path / "targets.txt"
    table.write_text("\tidentifier\tstrand_pair\n7\ta+\t8\n8\ta-\t7\n9\tb\t9\n")
    from rczoo.conformance._text import read_specs, read_strand_pairs

    assert str(read_strand_pairs(table)) == "1r+1t"
    assert str(read_specs([f"human=strand_pair:{table}"])["human"]) == "1r+1t"
    table.write_text("index\tname\n1\ta\n")
    with pytest.raises(ValueError, match="has no column strand_pair"):
        read_strand_pairs(table)
    table.write_text("\tstrand_pair\n0\t5\n")
    with pytest.raises(ValueError, match="strand_pair 5 is no index"):
        read_strand_pairs(table)


def test_measure_on_a_bed_and_fasta_with_a_plot(tmp_path):
    pytest.importorskip("matplotlib")
    (tmp_path / "g.fa").write_text(">chrI\n" + "ACGTTGCAAC" * 40 + "\n")
    (tmp_path / "s.bed").write_text("I\t100\t101\nchrI\t200\t220\n")
    target = f"{FAULTY}:profile_and_counts"
    arguments = ["measure", target, "--output", "profile=1r", "--output", "counts=1t", "--length", "60"]
    files = ["--bed", tmp_path / "s.bed", "--fasta", tmp_path / "g.fa", "--plot", tmp_path / "p.png"]
    done = CliRunner().invoke(app, [*arguments, *map(str, files)])
    assert done.exit_code == 0, done.output
    assert "counts: maximum" in done.output
    assert "(2 sequences)" in done.output
    assert (tmp_path / "p.png").stat().st_size > 1000


def test_check_and_measure_read_own_sequences(tmp_path):
    (tmp_path / "own.fa").write_text(">a\n" + "ACGTTGCAAC" * 6 + "\n>b\n" + "GATTACAGGC" * 6 + "\n")
    own = ["--output", "1r", "--length", "60", "--fasta", str(tmp_path / "own.fa")]
    done = CliRunner().invoke(app, ["check", f"{FAULTY}:tied", *own, "--quick", "--seconds", "60"])
    assert done.exit_code == 0, done.output
    assert "on 2 of 2" in " ".join(done.output.split())
    done = CliRunner().invoke(app, ["measure", f"{FAULTY}:tied", *own])
    assert done.exit_code == 0, done.output
    assert "(2 sequences)" in done.output


def test_a_name_is_no_picture(tmp_path, monkeypatch):
    (tmp_path / "cli_m.py").write_text(
        "from tests.support.faulty_models import tied\n\n\ndef m():\n    return tied()\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    done = CliRunner().invoke(app, ["check", "cli_m:m", *BASE])
    assert done.exit_code == 0, done.output
    assert "cli_m:m: obeys" in " ".join(done.output.split())
