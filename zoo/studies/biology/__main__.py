"""Measure what the recommended models make of what is known: ``python -m zoo.studies.biology [TASK ...]``.

Goes on with what ``zoo/measured.json`` lacks, and prints the tables that the report shows of it.
"""

from __future__ import annotations

import sys

from ...plan import MODELS
from ...results.biology import tables
from .measured import MEASURED, complete, read

if __name__ == "__main__":
    for name in complete(MODELS, sys.argv[1:]):
        print(f"{name} measured", file=sys.stderr, flush=True)
    print("\n\n".join(tables(read(MODELS.parent / MEASURED))))
