"""Prints the lowest versions that ``pyproject.toml`` promises, of the core and of the extras named, for pip.

python .ci/lowest.py training proofs > lowest.txt && pip install -r lowest.txt -e .
"""

import sys
import tomllib
from pathlib import Path

PROJECT = tomllib.loads((Path(__file__).parents[1] / "pyproject.toml").read_text("utf-8"))["project"]


def lowest(extras: list[str]) -> list[str]:
    """``name==version`` for each requirement ``name>=version``."""
    optional = PROJECT["optional-dependencies"]
    wanted = [*PROJECT["dependencies"], *(each for extra in extras for each in optional[extra])]
    return [requirement.replace(">=", "==") for requirement in wanted]


if __name__ == "__main__":
    print("\n".join(lowest(sys.argv[1:])))
