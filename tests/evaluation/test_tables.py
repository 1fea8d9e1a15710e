"""Tables: each metric beside the paper's value, and nothing where there is none."""

import io
import re

from rich.console import Console

from rczoo.evaluation.tables import metrics_table, paper


def text(table):
    shown = io.StringIO()
    Console(width=120, file=shown).print(table)
    return shown.getvalue()


def test_the_numbers_of_the_paper():
    assert paper()["sim-200", "posthoc", "test", "auroc"] == (0.96455, 0.00295)
    assert len({task for task, *_ in paper()}) == 9


def test_a_row_stands_beside_the_paper():
    shown = text(
        metrics_table(
            "T",
            {
                "rcps": {"auroc": 0.5, "equivariance_error": 0.0, "equivariance_error_tied": 3e-7},
                "mixing-0.5": {"auroc": float("nan"), "equivariance_error": 0.25},
            },
            "sim-200",
        )
    )
    rcps, half = (next(line for line in shown.splitlines() if name in line) for name in ("rcps", "mixing"))
    assert "0.5000" in rcps
    assert "0.961" in rcps
    assert re.search(r"│ +0 │", rcps)
    assert "3.0e-07" in rcps
    assert "undefined" in half
    assert "2.5e-01" in half
    assert "0.961" not in half


def test_tasks_that_the_paper_lacks_have_no_such_column():
    assert "paper" not in text(metrics_table("T", {"rcps": {"jsd": 0.1}}, "gcn4"))
