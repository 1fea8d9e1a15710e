import numpy as np
import pytest

from rczoo.data.sources.chipexo import read_events


def write(tmp_path, rows, places=("1:100", "2:50", "3:7")):
    events, profiles = tmp_path / "events.txt", tmp_path / "profiles.csv"
    events.write_text("Position\tIP\n" + "".join(f"{p}\t1\n" for p in places))
    header = ["", "Peak Strength"] + [f"{c}_{s}" for s in ("plus", "minus") for c in range(-50, 51)]
    lines = ["\t".join(header), *("\t".join(map(str, row)) for row in rows)]
    profiles.write_text("\n".join(lines) + "\n")
    return events, profiles


def test_columns_strands_and_counts(tmp_path):
    plus, minus = np.zeros(101), np.zeros(101)
    plus[50 + 3], minus[50 - 7], plus[0] = 2.88, 1.44, 4.32
    found = read_events(*write(tmp_path, [(2, 9.0, *plus, *minus), (0, 9.0, *minus, *plus)]), (-48, 50))
    assert found.chrom.tolist() == ["3", "1"]
    assert found.position.tolist() == [6, 99]
    assert found.counts.shape == (2, 2, 99)
    assert found.counts[0, 0, 48 + 3] == 2
    assert found.counts[0, 1, 48 - 7] == 1
    assert found.counts[0].sum() == 3
    assert np.array_equal(found.counts[0], found.counts[1, ::-1])


@pytest.mark.parametrize("row", [(3, 1.0, *range(202)), (0, 1.0, *range(200))])
def test_tables_that_do_not_belong_together(tmp_path, row):
    with pytest.raises(
        ValueError, match=r"profiles.csv line 2: event .* expected 204: the two tables do not belong"
    ):
        read_events(*write(tmp_path, [row]), (-48, 50))
