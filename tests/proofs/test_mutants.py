"""The laws can fail: each deliberate fault is caught by the law that it breaks, and by an assertion."""

import pytest
from hypothesis import Phase, settings

from tests.proofs import mutants

# No shrinking and no database: whether a law fails is all that is asked, and always the same way.
FAST = settings(
    max_examples=60,
    phases=[Phase.generate],
    derandomize=True,
    database=None,
    deadline=None,
    report_multiple_bugs=False,
    suppress_health_check=settings.get_profile("dev").suppress_health_check,
)


def test_there_are_enough():
    names = [fault.__name__ for fault, _, _ in mutants.MUTANTS]
    assert len(set(names)) == len(names) >= 25


@pytest.mark.parametrize(
    ("fault", "law", "arguments"), mutants.MUTANTS, ids=[fault.__name__ for fault, _, _ in mutants.MUTANTS]
)
def test_caught(fault, law, arguments, monkeypatch):
    if hasattr(law, "hypothesis"):
        monkeypatch.setattr(law, "_hypothesis_internal_use_settings", FAST)
    fault(monkeypatch)
    with pytest.raises((AssertionError, pytest.fail.Exception)):
        law(*arguments)
