"""Variants: what the file says, both alleles' windows, the scores, and the command from file to file."""

import csv
import gzip
import json
from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.spatial.distance import jensenshannon
from typer.testing import CliRunner

import rczoo
from rczoo.cli.main import app
from rczoo.cli.variants import _say as say
from rczoo.files import journal
from rczoo.inference.variants import NOWHERE, Reference, Variants, jensen_shannon
from rczoo.io.genome import Genome
from rczoo.io.vcf import Variant, read_vcf
from rczoo.symmetry import dna
from tests.support.cli import run
from tests.support.miniature import write_fasta
from tests.support.small_models import (
    LENGTH,
    MARGIN,
    POSITIONS,
    genome_file,
    label_model,
    profile_model,
    refused,
    saved,
)

HEADER = "##fileformat=VCF\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\n"


@pytest.fixture(scope="module", autouse=True)
def place(tmp_path_factory):
    folder = tmp_path_factory.mktemp("variants")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("RCZOO_CACHE", str(folder / "cache"))
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def genome(place):
    return genome_file(place)[0]


def write_vcf(path, rows):
    path.write_text(HEADER + "".join("\t".join(map(str, row)) + "\n" for row in rows))
    return path


def table(path):
    with open(path, newline="") as file:
        return list(csv.DictReader(file, delimiter="\t"))


def other(base):
    return "ACGT"[("ACGT".index(base) + 1) % 4]


def rows_of(genome):
    """SNVs (one at the very end), an insertion, a deletion, a replacement; two alleles; one left out."""
    one, two = genome["chrI"], genome["chrII"]
    return [
        ("chrI", 450, "snv", one[449], other(one[449])),
        ("chrI", 460, "ins", one[459].lower(), one[459] + "ACG"),
        ("chrII", 200, "del", two[199:203], two[199] + ",<DEL>," + other(two[199]) + two[200:203]),
        ("chrII", 400, "end", two[399], other(two[399])),
        ("chrI", 470, "mnv", one[469:472], "".join(map(other, one[469:472]))),
    ]


def changed(letters, position, ref, alt):
    """The chromosome with the allele in it."""
    assert letters[position : position + len(ref)] == ref
    return letters[:position] + alt + letters[position + len(ref) :]


def around(letters, middle):
    padded = "N" * LENGTH + letters + "N" * LENGTH
    start = LENGTH + middle - LENGTH // 2
    return padded[start : start + LENGTH]


def test_lines_of_several_alleles_are_split_and_symbolic_ones_counted(place):
    rows = [
        ("1", 5, "rs1", "a", "C,<DEL>,*,G"),
        ("1", 9, ".", "AC", "."),
        ("2", 3, ".", "A", "A[1:9["),
        ("2", 4, "x", "T", "TA"),
    ]
    path, skipped = write_vcf(place / "v.vcf", rows), Counter()
    found = list(read_vcf(path, skipped))
    assert [(v.chrom, v.position, v.ref, v.alt, v.name, v.line) for v in found] == [
        ("1", 4, "A", "C", "rs1", 3),
        ("1", 4, "A", "G", "rs1", 3),
        ("2", 3, "T", "TA", "x", 6),
    ]
    assert skipped == {"symbolic": 4}
    packed = place / "v.vcf.gz"
    packed.write_bytes(gzip.compress(path.read_bytes()))
    assert list(read_vcf(packed)) == found


@given(before=st.text("ACGT", max_size=6), ref=st.text("ACGT", max_size=4), alt=st.text("ACGT", max_size=4))
def test_trimming_changes_the_chromosome_alike(before, ref, alt):
    letters = before + ref + "ACGTTGCA"
    position, short, long = Variant("1", len(before), ref, alt).trimmed()
    assert changed(letters, len(before), ref, alt) == changed(letters, position, short, long)
    assert len(short) <= len(ref)
    if short and long:
        assert short[0] != long[0]
        assert short[-1] != long[-1]


@given(data=st.data(), length=st.integers(8, 40))
def test_both_alleles_lie_in_the_middle_of_their_windows(place, genome, data, length):
    letters = genome["chrII"]
    position = data.draw(st.integers(0, 399))
    ref = letters[position : position + data.draw(st.integers(1, 5))]
    alt = data.draw(st.text("ACGT", min_size=1, max_size=5))
    variant = Variant("chrII", position, ref, alt)
    found = Reference(Genome(place / "g.fa")).alleles(variant, length)
    at, short, long = variant.trimmed()
    for codes, where, allele in zip(found.codes, found.place, (short, long), strict=True):
        own = changed(letters, at, short, allele)
        start = at + len(allele) // 2 - length // 2
        assert dna.decode(codes) == ("N" * 99 + own + "N" * 99)[99 + start : 99 + start + length]
        for code, p in zip(codes, where, strict=True):
            if p != NOWHERE and not at <= p < at + len(short):
                assert dna.BASES.find(letters[p] if 0 <= p < 400 else "N") % 5 == code
    assert (found.place == NOWHERE).sum(1).tolist() == [0, 0 if len(short) == len(long) else len(long)]


@given(st.lists(st.floats(0, 9), min_size=4, max_size=4), st.lists(st.floats(0.1, 9), min_size=4, max_size=4))
def test_jsd_is_the_divergence_of_scipy(p, q):
    p[0] += 0.1
    assert jensen_shannon(np.array(p), np.array(q)) == pytest.approx(jensenshannon(p, q) ** 2, abs=1e-9)


@pytest.mark.parametrize("strand", ["given", "other", "both"])
def test_labels_of_both_alleles(place, genome, strand):
    model = label_model("standard", length=LENGTH)
    saved(model, place / "labels", task="sim-200")
    vcf = write_vcf(place / "v.vcf", rows_of(genome))
    options = ("--strand", strand, "--json", "--force", "--batch-size", 2)
    result = run("variants", "labels", "--vcf", vcf, "--genome", "g.fa", "--out", "o.tsv", *options)
    assert result.exit_code == 0, result.output
    rows, flipped = table("o.tsv"), []
    summary = json.loads(result.stdout)
    assert (summary["variants"], summary["skipped"]) == (6, {"symbolic": 1})
    assert [r["id"] for r in rows] == ["snv", "ins", "del", "del", "end", "mnv"]
    for r in rows:
        variant = Variant(r["chrom"], int(r["pos"]) - 1, r["ref"], r["alt"])
        at, short, long = variant.trimmed()
        windows = [
            around(changed(genome[r["chrom"]], at, short, allele), at + len(allele) // 2)
            for allele in (short, long)
        ]
        answers = {
            "": rczoo.predict(model, windows).numpy(),
            "_other": rczoo.predict(model, list(map(dna.reverse_complement, windows))).numpy(),
        }
        shown = {"given": {"": ""}, "other": {"": "_other"}, "both": {"": "", "_other": "_other"}}[strand]
        for n, name in enumerate(("ELF1", "GATA", "RXRA")):
            for ending, of in shown.items():
                ref, alt = answers[of][:, n].tolist()
                assert float(r[f"{name}_ref{ending}"]) == pytest.approx(ref, rel=1e-4)
                assert float(r[f"{name}_alt{ending}"]) == pytest.approx(alt, rel=1e-4)
                expected = pytest.approx(alt - ref, rel=1e-3, abs=1e-5)
                assert float(r[f"{name}_difference{ending}"]) == expected
            flipped.append(len({np.sign(y[1, n] - y[0, n]) for y in answers.values()}) == 2)
    if strand == "both":
        assert summary["sign_flips"] == pytest.approx(np.mean(flipped))
        assert 0 < summary["sign_flips"] < 1


def test_profiles_are_compared_where_both_alleles_have_the_position(place, genome):
    model = profile_model("standard", count_head=True, outputs=2)
    vcf = write_vcf(place / "v.vcf", rows_of(genome))
    found = rczoo.score_variants(model, vcf, place / "g.fa", strand="both", batch_size=4)
    assert list(found)[:3] == ["profile1_jsd", "profile2_jsd", "profile1_plus_log_count_difference"]
    variants = list(read_vcf(vcf))
    for n, variant in enumerate(variants):
        at, short, long = variant.trimmed()
        logits, places, counts = [], [], []
        for allele in (short, long):
            own = changed(genome[variant.chrom], at, short, allele)
            profile, count = rczoo.predict(model, around(own, at + len(allele) // 2))
            first = at + len(allele) // 2 - LENGTH // 2 + MARGIN
            logits.append(profile[0].double())
            counts.append(count[0])
            place = []
            for p in range(first, first + POSITIONS):  # of the changed chromosome, in the reference's numbers
                inside = at <= p < at + len(allele)
                if inside:
                    place.append(p if len(short) == len(long) else None)
                else:
                    place.append(p if p < at else p - len(allele) + len(short))
            places.append(place)
        shared = [p for p in places[0] if p is not None and p in places[1]]
        assert len(shared) >= POSITIONS - 5
        kept = [y[:, [w.index(p) for p in shared]].softmax(-1) for y, w in zip(logits, places, strict=True)]
        expected = [jensenshannon(a, b) ** 2 for a, b in zip(*kept, strict=True)]
        assert found["profile1_jsd"][n] == pytest.approx(np.mean(expected[:2]), rel=1e-4)
        assert found["profile2_jsd"][n] == pytest.approx(np.mean(expected[2:]), rel=1e-4)
        change = (counts[1] - counts[0])[1].item()
        assert found["profile1_minus_log_count_difference"][n] == pytest.approx(change, rel=1e-3, abs=1e-5)
    assert not np.allclose(found["profile1_jsd"], found["profile1_jsd_other"], rtol=1e-2)


def test_an_equivariant_model_is_scored_on_one_strand_by_default(place, genome):
    vcf = write_vcf(place / "v.vcf", rows_of(genome))
    columns = {}
    for strategy in ("rcps", "standard"):
        saved(profile_model(strategy), place / strategy)
        command = ("variants", strategy, "--vcf", vcf, "--genome", "g.fa", "--out", f"{strategy}.tsv")
        assert run(*command).exit_code == 0
        columns[strategy] = list(table(f"{strategy}.tsv")[0])[5:]
    assert columns == {"rcps": ["profile_jsd"], "standard": ["profile_jsd", "profile_jsd_other"]}
    both = rczoo.score_variants(profile_model("rcps"), vcf, place / "g.fa", strand="both")
    assert np.array_equal(both["profile_jsd"], both["profile_jsd_other"])
    assert (both["profile_jsd"] > 0).any()


def test_a_run_goes_on_after_a_full_disk(place, genome, monkeypatch):
    saved(profile_model(), place / "m")
    vcf = write_vcf(place / "v.vcf", rows_of(genome))
    command = ("variants", "m", "--vcf", vcf, "--genome", "g.fa", "--batch-size", 2)
    assert run(*command, "--out", "whole.tsv").exit_code == 0
    append, calls = journal.Journal.append, []

    def full(self, values):
        calls.append(values)
        if len(calls) == 3:
            raise OSError("cannot write (No space left on device)")
        append(self, values)

    with monkeypatch.context() as patch:
        patch.setattr(journal.Journal, "append", full)
        assert "No space left" in refused(run(*command, "--out", "again.tsv"))
    assert sorted(p.name for p in place.glob("*again*")) == [".again.tsv.partial"]
    result = run(*command, "--out", "again.tsv", "--json")
    assert json.loads(result.stdout)["resumed_from"] == 4
    assert (place / "again.tsv").read_bytes() == (place / "whole.tsv").read_bytes()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("chrI 450 . A C", "bad.vcf line 3: 'chrI 450 . A C' is not VCF: expected CHROM, POS (from 1)"),
        ("chrI\tx\t.\tA\tC", "bad.vcf line 3: 'chrI"),
        ("chrI\t0\t.\tA\tC", "is not VCF: expected CHROM, POS (from 1)"),
        ("chrI\t5\t.\tA", "is not VCF: expected CHROM, POS"),
        ("chrI\t5\t.\tA?\tC", "bad.vcf line 3: REF 'A?' is not made of the bases"),
        ("chrI\t5\t.\tC\tA,Q", "bad.vcf line 3: ALT 'Q' is not made of the bases"),
        ("chr9\t5\t.\tA\tC", "bad.vcf line 3: g.fa has no chromosome 'chr9' under any name"),
        (
            "chrI\t900\t.\tAC\tC",
            "bad.vcf line 3: chrI:900 with 2 bases runs off its chromosome of 900 in g.fa",
        ),
        ("", "bad.vcf has no variants to score"),
        ("chrI\t5\t.\tA\t<DUP>", "bad.vcf has no variants to score (1 symbolic left out)"),
    ],
)
def test_bad_lines_are_named_and_nothing_is_left(place, genome, line, message):
    saved(profile_model(), place / "m")
    (place / "bad.vcf").write_text(HEADER + line + "\n")
    result = run("variants", "m", "--vcf", "bad.vcf", "--genome", "g.fa", "--out", "bad.tsv")
    assert message in refused(result)
    assert list(place.glob("*bad.tsv*")) == []


def test_another_genome_and_bad_places(place, genome):
    saved(profile_model(), place / "m")
    base = genome["chrI"][449]
    vcf = write_vcf(place / "w.vcf", [*rows_of(genome)[:1], ("chrI", 450, ".", other(base), base)])
    (place / "g.txt").write_text("there")
    command = ("variants", "m", "--vcf", vcf, "--genome", "g.fa")
    message = f"w.vcf line 4: REF is {other(base)} but g.fa has {base} at chrI:450: use the genome that"
    assert message in refused(run(*command, "--out", "w.tsv"))
    assert "no VCF file none.vcf: check the path" in refused(
        run("variants", "m", "--vcf", "none.vcf", "--genome", "g.fa", "--out", "w.tsv")
    )
    assert "there is no folder nowhere" in refused(run(*command, "--out", "nowhere/w.tsv"))
    assert "g.txt exists: choose another name" in refused(run(*command, "--out", "g.txt"))
    for name in ("w.vcf", "g.fa"):
        assert f"{name} is read as well" in refused(run(*command, "--out", name, "--force"))
    cut = place / "cut.vcf.gz"
    cut.write_bytes(gzip.compress((HEADER * 99).encode())[:-9])
    assert "cut.vcf.gz is not a whole gzip file" in refused(
        run("variants", "m", "--vcf", cut, "--genome", "g.fa", "--out", "w.tsv")
    )
    long = write_vcf(place / "long.vcf", [("chrI", 1, ".", genome["chrI"][:93], "A")])
    assert "(1 long left out)" in refused(
        run("variants", "m", "--vcf", long, "--genome", "g.fa", "--out", "w.tsv")
    )


def test_other_names_of_chromosomes_are_noted(place, genome):
    saved(profile_model("rcps"), place / "m")
    rows = [("1", *row[1:]) if row[0] == "chrI" else row for row in rows_of(genome)]
    vcf = write_vcf(place / "names.vcf", rows)
    command = ("variants", "m", "--vcf", vcf, "--genome", "g.fa", "--out", "names.tsv", "--force")
    assert run(*command).stdout.splitlines()[0] == "g.fa: 1 is chrI"
    assert json.loads(run(*command, "--json").stdout)["notes"] == ["g.fa: 1 is chrI"]


def test_control_tracks_are_zeros(place, genome):
    vcf = write_vcf(place / "v.vcf", rows_of(genome)[:1])
    model = profile_model(control="2t")
    found = rczoo.score_variants(model, vcf, place / "g.fa")
    windows = [
        around(genome["chrI"], 449),
        around(changed(genome["chrI"], 449, *rows_of(genome)[0][3:]), 449),
    ]
    ref, alt = rczoo.predict(model, windows, torch.zeros(2, 2, POSITIONS)).softmax(-1).double()
    expected = np.mean([jensenshannon(a, b) ** 2 for a, b in zip(ref, alt, strict=True)])
    assert found["profile_jsd"][0] == pytest.approx(expected, rel=1e-4)


BAD = [
    "chrI\t0\t.\tA\tC",
    "chrI\t9\t.\tA\t*A",
    "chrI\t9\t.\tA\tR",
    "chr9\t9\t.\tA\tC",
    "chrI\t99999999999999999999\t.\tA\tC",
    "chrI\t901\t.\tA\tC",
]


def test_bad_lines_are_all_listed_or_left_out_and_counted(place, genome):
    saved(profile_model(), place / "m")
    vcf, base = place / "many.vcf", genome["chrI"][449]
    wrong = f"chrI\t450\t.\t{other(base)}\t{base}"
    vcf.write_text(HEADER + "\n".join([*BAD, wrong, f"chrI\t450\t.\t{base}\t{other(base)},<DEL>,*"]) + "\n")
    command = ("variants", "m", "--vcf", vcf, "--genome", "g.fa", "--out", "many.tsv", "--json")
    line = refused(run(*command))
    assert line.startswith("rczoo: many.vcf has 7 bad lines: line 3: 'chrI\\t0")
    assert all(f"line {n}: " in line for n in range(3, 10))
    summary = json.loads(run(*command, "--skip-bad").stdout)
    assert summary["variants"] == 1
    assert summary["skipped"] == {
        "symbolic": 2,
        "not VCF": 2,
        "other letters": 2,
        "unknown chromosome": 1,
        "past the end": 1,
        "another REF": 1,
    }
    assert len(table("many.tsv")) == 1


def test_ref_may_be_the_first_base_of_a_letter_for_several(place, monkeypatch):
    monkeypatch.setenv("RCZOO_CACHE", str(place / "iupac"))
    letters = "ACGT" * 100
    genome = Genome(write_fasta(place / "iupac.fa", {"a": letters[:200] + "RYN" + letters[203:]}))
    for ref in ("AC", "NN", "ACN", "GC", "AT", "ACA"):
        vcf = write_vcf(place / "iupac.vcf", [("a", 201, ".", ref, "T")])
        if ref in ("AC", "NN", "ACN"):
            found = Variants(vcf, genome, 40)
            [[alleles]] = found.batches(0, 1, 9)
            left = 20 - len(ref) // 2
            assert dna.decode(alleles.codes[0])[left : left + len(ref)] == ref
        else:
            with pytest.raises(ValueError, match=f"REF is {ref} but iupac.fa has RY"):
                Variants(vcf, genome, 40)


def test_alleles_are_long_beyond_a_quarter_of_the_input(place, genome):
    letters = Genome(place / "g.fa")
    at = genome["chrI"]
    rows = [
        ("chrI", 400, "fits", at[399:409], at[399]),
        ("chrI", 400, "long", at[399:410], at[399]),
        ("chrI", 400, "also", at[399], at[399] + "A" * 10),
    ]
    found = Variants(write_vcf(place / "long.vcf", rows), letters, 40)
    assert [v.name for v in found] == ["fits"]
    assert found.skipped == {"long": 2}


def test_variants_from_standard_input_to_a_packed_table(place, genome):
    saved(profile_model("rcps"), place / "m")
    content = write_vcf(place / "v.vcf", rows_of(genome)).read_text()
    command = ["variants", "m", "--genome", "g.fa", "--vcf"]
    assert run(*command, "v.vcf", "--out", "plain.tsv").exit_code == 0
    assert run(*command, "v.vcf", "--out", "o.tsv.gz").exit_code == 0
    whole = (place / "plain.tsv").read_text()
    assert gzip.decompress((place / "o.tsv.gz").read_bytes()).decode() == whole
    piped = CliRunner().invoke(app, [*command, "-", "--out", "-"], input=content)
    assert piped.stdout == whole
    assert "6 variants" in piped.stderr


def test_variants_in_any_order_score_alike(place, genome):
    rows = rows_of(genome)
    model = profile_model("rcps")
    given = rczoo.score_variants(model, write_vcf(place / "a.vcf", rows), place / "g.fa")["profile_jsd"]
    turned = rczoo.score_variants(model, write_vcf(place / "b.vcf", rows[::-1]), place / "g.fa")
    order = [5, 4, 2, 3, 1, 0]  # the two alleles of one line keep theirs
    assert np.allclose(given[order], turned["profile_jsd"], atol=1e-6)


def test_a_run_with_other_options_never_goes_on(place, genome, monkeypatch):
    saved(profile_model(), place / "m")
    vcf = write_vcf(place / "v.vcf", rows_of(genome))
    seen = []

    def note(config, inputs, options):
        seen.append(json.dumps(options))
        raise ValueError("noted")

    monkeypatch.setattr("rczoo.inference.runs.identity", note)
    for options in ([], ["--strand", "other"], ["--skip-bad"], ["--batch-size", 3]):
        command = ("variants", "m", "--vcf", vcf, "--genome", "g.fa", "--out", "o.tsv", *options)
        assert "noted" in refused(run(*command))
    assert len(set(seen)) == len(seen)


@pytest.mark.parametrize(("strand", "told"), [("given", "the given strand"), ("both", "both strands")])
def test_the_command_says_on_which_strands(strand, told, capsys):
    summary = {"notes": [], "outputs": ["v.tsv"], "variants": 8, "strand": strand, "skipped": {}}
    say(summary, as_json=False, to_stderr=False)
    assert capsys.readouterr().out == f"wrote v.tsv: 8 variants, {told}\n"
