import pytest

from rczoo.io.bad_lines import SHOWN, BadLines, LineError


def bad(number, **options):
    lines = BadLines("x.bed", **options)
    for line in range(number, 0, -1):
        lines.add(line, LineError("odd" if line % 2 else "even", f"the {line}th"))
    return lines


def test_none_and_one():
    bad(0).refuse()
    with pytest.raises(ValueError, match=r"^x.bed line 1: the 1th$"):
        bad(1).refuse()


def test_all_are_counted_and_the_first_shown_in_the_order_of_lines():
    with pytest.raises(ValueError, match=r"^x.bed has 3 bad lines: line 1: the 1th; line 2: .*3th; --skip-b"):
        bad(3, option="--skip-bad").refuse()
    with pytest.raises(
        ValueError, match=rf"has 12 bad lines: line 1: .*; line {SHOWN}: the 10th; and 2 more$"
    ):
        bad(12).refuse()


def test_left_out_they_are_counted_by_reason():
    lines = bad(5, skip=True)
    lines.refuse()
    assert lines.reasons == {"odd": 3, "even": 2}
    assert sorted(str(lines).split(", ")) == ["2 even", "3 odd"]
