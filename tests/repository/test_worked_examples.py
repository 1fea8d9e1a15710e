"""The worked examples run as a user runs them, and print what the documentation shows of them."""

import re
import runpy
import warnings
from pathlib import Path

import pytest

from zoo.site.notebooks import printed

EXAMPLES = Path(__file__).parents[1] / "examples"
NEEDS = {
    "bpnet_lite": ["bpnetlite"],
    "token_model": ["transformers"],
    "interpolate": ["bpnetlite", "transformers"],
}
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))


def run(name):
    """Run an example as the script that it is; what other people's packages warn of is theirs."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for needed in NEEDS.get(name, []):
            pytest.importorskip(needed, reason=f"{needed} is not installed: pip install 'rczoo[foreign]'")
        runpy.run_path(str(EXAMPLES / f"{name}.py"), run_name="__main__")


def words(text):
    """A text without its numbers, which differ between machines."""
    return re.sub(r"-?\d+(\.\d+)?(e[-+]?\d+)?", "#", text)


@pytest.mark.slow
@pytest.mark.parametrize("name", NAMES)
def test_runs_and_prints_what_is_shown(name, capsys):
    run(name)
    assert words(capsys.readouterr().out) == words(printed()[name] + "\n")


def test_each_kind_is_there():
    assert {
        "bpnet_lite",
        "token_model",
        "many_tasks",
        "lightning_training",
        "agreement",
        "interpolate",
    } <= set(NAMES)


def test_words_leave_out_numbers_only():
    assert words("maximum 1.18, mean -2e-07 (64 sequences)") == "maximum #, mean # (# sequences)"
    assert words("True") != words("False")
