import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rczoo.inference.bigwig_output import Averager, merged
from rczoo.inference.outputs import Outputs
from rczoo.inference.regions import Regions, Tiling
from rczoo.io.bed import Intervals, read_bed
from rczoo.io.genome import Genome
from rczoo.symmetry import dna
from rczoo.symmetry.rep import Rep
from tests.support.miniature import write_bed
from tests.support.small_models import GENOME, LENGTH, MARGIN, POSITIONS, genome_file

PROFILE = Outputs(("f_plus", "f_minus"), Rep("1r"), LENGTH, POSITIONS)


@pytest.fixture(scope="module")
def genome(tmp_path_factory):
    folder = tmp_path_factory.mktemp("regions")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RCZOO_CACHE", str(folder / "cache"))
        letters, path = genome_file(folder)
        yield letters, Genome(path)


@st.composite
def sites(draw):
    rows = []
    for _ in range(draw(st.integers(1, 5))):
        chrom = draw(st.sampled_from(list(GENOME)))
        start = draw(st.integers(0, GENOME[chrom] - 1))
        end = draw(st.integers(start + 1, GENOME[chrom]))
        rows.append((chrom, start, end, (start + end) // 2, draw(st.booleans())))
    return Intervals(*(np.array(column) for column in zip(*rows, strict=True)))


@given(sites=sites(), step=st.integers(1, POSITIONS), size=st.integers(1, 9), first=st.integers(0, 5))
def test_windows_cover_their_regions_in_order(genome, sites, step, size, first):
    letters, genome = genome
    regions = Regions(genome, sites, PROFILE, Tiling(step))
    windows = regions.windows(0, len(regions))
    for n, region in enumerate(regions.given):
        rows = windows.region == region
        starts = windows.first[rows]
        assert (windows.start[rows] + MARGIN == starts).all()
        assert (regions.sites.chrom[region], regions.sites.start[region]) == (sites.chrom[n], sites.start[n])
        if sites.end[n] - sites.start[n] <= POSITIONS:
            assert (windows.start[rows] + LENGTH // 2).tolist() == [sites.summit[n]]
        else:
            assert starts[0] == sites.start[n]
            assert starts[-1] + POSITIONS == sites.end[n]
            assert (np.diff(starts) > 0).all()
            assert (np.diff(starts) <= step).all()
    found = [codes for _, codes in regions.batches(min(first, len(regions)), len(regions), size)]
    assert sum(map(len, found)) == max(len(regions) - first, 0)
    for row, number in zip((r for c in found for r in c), range(first, len(regions)), strict=True):
        text = "N" * 999 + letters[str(regions.sites.chrom[windows.region[number]])] + "N" * 999
        start = int(windows.start[number]) + 999
        assert dna.decode(row) == text[start : start + LENGTH]
    over = [
        s < 0 or s + LENGTH > GENOME[str(regions.sites.chrom[r])]
        for s, r in zip(windows.start, windows.region, strict=True)
    ]
    assert regions.padded() == sum(over)


@given(sites=sites(), step=st.integers(9, POSITIONS), seed=st.integers(0, 99))
def test_merged_is_the_mean_of_what_lies_at_each_position(genome, sites, step, seed):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rczoo.inference.bigwig_output.EVERY", 4)
        regions = Regions(genome[1], sites, PROFILE, Tiling(step))
        values = np.random.default_rng(seed).random((len(regions), 2, POSITIONS))
        runs = list(merged(regions, values.reshape(len(regions), -1)))
    total = {name: np.zeros((3, size)) for name, size in GENOME.items()}
    windows = regions.windows(0, len(regions))
    for region, first, value in zip(windows.region, windows.first, values, strict=True):
        chrom = str(regions.sites.chrom[region])
        for k in range(POSITIONS):
            if 0 <= first + k < GENOME[chrom]:
                total[chrom][:, first + k] += [*value[:, k], 1]
    order = list(GENOME)
    places = [(order.index(chrom), first) for chrom, first, _ in runs]
    assert places == sorted(places)
    covered = 0
    for chrom, first, found in runs:
        part = total[chrom][:, first : first + found.shape[1]]
        assert np.allclose(found, part[:2] / part[2], atol=1e-6)
        covered += found.shape[1]
    assert covered == sum((t[2] > 0).sum() for t in total.values())


def test_an_averager_keeps_only_what_a_later_window_may_reach():
    sums = Averager(1, 10_000_000)
    for first in range(0, 100_000, 50):
        assert sum(values.shape[1] for _, values in sums.take(first)) == (50 if first else 0)
        sums.add(first, np.ones((1, 100)))
        assert sums._count.size <= 200
    assert [(first, values.shape) for first, values in sums.take()] == [(99_950, (1, 100))]


def test_the_whole_genome_is_each_chromosome(genome):
    regions = Regions(genome[1], None, PROFILE, Tiling(POSITIONS))
    assert regions.sites.chrom.tolist() == list(GENOME)
    assert regions.sites.end.tolist() == list(GENOME.values())
    assert Regions(genome[1], None, PROFILE).step == POSITIONS // 2


def test_messages(genome, tmp_path):
    def regions(rows, step=5):
        return Regions(genome[1], read_bed(write_bed(tmp_path / "r.bed", rows)), PROFILE, Tiling(step))

    with pytest.raises(ValueError, match=r"region chrII:390-401 runs off its chromosome, which has 400"):
        regions([("chrI", 0, 900), ("chrII", 390, 401)])
    with pytest.raises(ValueError, match=r"g.fa has no chromosome 'chr9' under any name .*use the genome"):
        regions([("chr9", 1, 5)])
    with pytest.raises(ValueError, match="there are no regions to read"):
        regions([])
    with pytest.raises(ValueError, match="--step 26: a window answers for 25 bases, so that steps of 1"):
        regions([("chrI", 0, 9)], step=26)


def test_many_regions_cost_no_more_each(genome, monkeypatch):
    """What windows() reads of all regions is worked out once: it was anew for every batch."""
    sites = Intervals(*(np.array(column) for column in zip(*[("chrI", 5, 9, 7, False)] * 400, strict=True)))
    regions = Regions(genome[1], sites, PROFILE, Tiling(5))
    monkeypatch.setattr("rczoo.inference.regions.np.diff", None)
    monkeypatch.setattr("rczoo.inference.regions.np.cumsum", None)
    assert len(regions.windows(390, 400).start) == 10


def test_an_average_divides_by_how_many_windows_reach_each_position():
    sums = Averager(1, 100)
    for first, value in ((0, 1.0), (5, 3.0), (5, 5.0), (95, 7.0)):
        sums.add(first, np.full((1, 10), value))
    [(first, values), (last, rest)] = sums.take()
    assert first == 0
    assert values[0].tolist() == [1.0] * 5 + [3.0] * 5 + [4.0] * 5
    assert (last, rest[0].tolist()) == (95, [7.0] * 5)
