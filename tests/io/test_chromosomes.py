import pytest

from rczoo.io.chromosomes import describe, match, resolve

ROMAN = ["I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX", "X", "XI", "XII", "XIII", "XIV", "XV", "XVI"]
YEAST = {
    "s288c": [f"chr{n}" for n in ROMAN] + ["chrmt"],
    "rds": [*ROMAN, "Mito"],
    "arabic": [f"chr{i}" for i in range(1, 17)] + ["chrM"],
    "bare": [str(i) for i in range(1, 17)] + ["MT"],
}


@pytest.mark.parametrize("wanted", YEAST)
@pytest.mark.parametrize("available", YEAST)
def test_every_naming_of_yeast_resolves_to_every_other(wanted, available):
    assert resolve(YEAST[wanted], YEAST[available], "f") == dict(
        zip(YEAST[wanted], YEAST[available], strict=True)
    )


def test_human_x_is_not_ten():
    human = [f"chr{i}" for i in range(1, 23)] + ["chrX", "chrY", "chrM"]
    assert resolve(["X", "10", "MT"], human, "hg19") == {"X": "chrX", "10": "chr10", "MT": "chrM"}
    with pytest.raises(ValueError, match="has no chromosome 'chr10'"):
        resolve(["chr10"], ["chr1", "chrX"], "part.fa")


@pytest.mark.parametrize("wanted", [["chrX"], ["I", "V", "X"], ["chr1", "chrX"]])
def test_x_v_and_i_alone_are_no_numerals(wanted):
    arabic = [f"chr{i}" for i in range(1, 23)]
    assert set(match(wanted, arabic)) <= {"chr1"}
    with pytest.raises(ValueError, match=r"has no chromosome '(chr)?X' under any name"):
        resolve(wanted[::-1], arabic, "no-x.fa")
    assert match([*wanted, "chrIX"], arabic)[wanted[-1]] == "chr10"


def test_missing_chromosome_names_both_and_the_remedy():
    with pytest.raises(
        ValueError, match=r"genome.fa has no chromosome 'chr23' .* nearest: 'chr2'.* use the genome that"
    ):
        resolve(["chr23"], ["chr1", "chr2"], "genome.fa")
    with pytest.raises(ValueError, match=r"it has 0; nearest: none"):
        resolve(["chr1"], [], "genome.fa")


def test_only_differences_are_described():
    assert describe({"a": "a"}, "f") == ""
    assert describe({"4": "chrIV", "I": "I"}, "f") == "f: 4 is chrIV"
    many = {str(n): ROMAN[n - 1] for n in range(1, 5)}
    assert describe(many, "f") == "f: 1 is I, 2 is II, 3 is III and 1 more"
