"""What models make of known motifs: effects, matches, footprints and patterns that were planted."""

import re
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import zoo.studies.biology.effects
from rczoo import build
from rczoo.data.examples import Examples
from rczoo.data.schema import Reference, Symmetry
from rczoo.data.task import load_task
from rczoo.symmetry import dna
from rczoo.symmetry.rep import Rep
from zoo.results.biology import picture, summary, tables
from zoo.results.figures import svg
from zoo.studies.biology.effects import NEAR, Effect, Mean, effect, explained, footprint
from zoo.studies.biology.measured import Measured, key_of, read, write
from zoo.studies.biology.motifs import Motif, hits, inserted, motifs_of, scrambled, sites
from zoo.studies.biology.patterns import Pattern, patterns

WORD = "TTACCCG"
GAIN = 3.0


def motif(text=WORD):
    (found,) = motifs_of(labels(text))
    return found


def labels(*texts):
    """A task of labels with these motifs."""
    return SimpleNamespace(
        name="mine", kind="labels", data=None, reference=Reference(motifs=texts), symmetry=Symmetry()
    )


def windows(number, length, seed=0):
    return np.random.default_rng(seed).integers(0, 4, (number, length), dtype=np.uint8)


def word_counter():
    """A conjoined model whose logit is half of GAIN for each place with the word, on either strand."""
    model = build("motif-cnn", strategy="conjoined", length=60, filters=1, outputs=1)
    conv, dense = model.trunk.blocks[0].conv, model.head.dense
    with torch.no_grad():
        conv.weight.zero_()
        conv.weight[0, :, : len(WORD)] = dna.one_hot(WORD)[0]
        conv.bias.fill_(1 - len(WORD))
        dense.weight.fill_(GAIN)
        dense.bias.zero_()
    return model.eval()


def test_a_planted_effect_is_measured_on_both_strands_and_against_its_null():
    found = effect(word_counter(), labels(WORD), motif(), windows(50, 60), np.random.default_rng(0))
    assert (found.output, found.motif) == ("mine", WORD)
    for strand in (found.forward, found.reverse):
        assert strand.mean == pytest.approx(GAIN / 2, abs=0.05)  # a shuffle may have the word by chance
    assert found.scrambled.mean == pytest.approx(0, abs=0.05)
    assert found.above.low > 1


def test_only_outputs_with_a_known_motif_have_one():
    task = load_task("yeast-factors")
    named = {one.output: one.text for one in motifs_of(task)}
    assert "Bur6" not in named
    assert named["Sok2"] == "MTGCAK"
    assert [one.text for one in motifs_of(load_task("gcn4"))] == ["TGACTCA"]
    assert [one.output for one in motifs_of(load_task("sim-200"))] == ["ELF1", "GATA", "RXRA"]
    assert motifs_of(load_task("gue-tf0")) == motifs_of(load_task("yeast-tss")) == []


def test_sites_follow_the_motif_and_scrambled_ones_keep_their_bases():
    rng, matrix = np.random.default_rng(0), motif("TTRCCCG").matrix
    drawn = sites(matrix, 400, rng)
    texts = [dna.decode(row) for row in drawn]
    assert set(texts) == {"TTACCCG", "TTGCCCG"}
    assert 150 < texts.count("TTACCCG") < 250
    other = scrambled(drawn, matrix, rng)
    assert (np.sort(other) == np.sort(drawn)).all()
    assert ((other == drawn).sum(axis=1) <= 4).all()
    assert ((dna.complement_codes(other) == drawn).sum(axis=1) <= 4).all()


def test_a_site_is_written_in_the_middle_of_either_strand():
    codes, site = windows(1, 13), dna.encode("AAC")[None]
    assert dna.decode(inserted(codes, site, reverse=False)[0, 5:8]) == "AAC"
    assert dna.decode(inserted(codes, site, reverse=True)[0, 5:8]) == "GTT"


def test_matches_are_those_of_a_search_on_both_strands():
    codes = windows(30, 300)
    found = hits(codes, motif("TTAYC").matrix, np.random.default_rng(0))
    expected = set()
    for window, row in enumerate(codes):
        for reverse, word in ((False, "TTA[CT]C"), (True, "G[AG]TAA")):
            places = re.finditer(f"(?={word})", dna.decode(row))
            expected |= {(window, place.start(), reverse) for place in places}
    assert len(expected) > 20
    assert set(zip(*(part.tolist() for part in found), strict=True)) == expected


def test_a_long_motif_is_found_with_mismatches_that_are_rare_by_chance():
    codes, text = windows(40, 100), "TCAGCACCATGGACAGCGCC"
    codes[:, 30 : 30 + len(text)] = dna.encode(text[:5] + "A" + text[6:])
    found = hits(codes, motif(text).matrix, np.random.default_rng(0))
    assert (found.start == 30).sum() == 40
    assert len(found.start) <= 44, "at most one in ten windows more"


def test_the_share_of_attributions_in_matches_is_told_from_chance():
    codes = windows(40, 100)
    codes[:, 50 : 50 + len(WORD)] = dna.encode(WORD)
    scores = np.full(codes.shape, 0.01)
    scores[:, 50 : 50 + len(WORD)] = 1
    found = explained(motif(), codes, scores, np.random.default_rng(0))
    assert found.windows == 40
    assert found.inside.mean > 0.85
    assert found.by_chance.low < found.by_chance.mean < 0.15
    assert found.times == pytest.approx(found.inside.mean / found.by_chance.mean)
    assert explained(motif("ACGTACGTACGT"), codes, scores, np.random.default_rng(0)) is None


@pytest.mark.parametrize("word", [WORD, WORD + "T"], ids=["odd", "even"])
def test_footprints_are_read_on_the_strand_of_the_motif(monkeypatch, word):
    """Reads lie five bases before the motif's middle on its strand, seven after it on the other."""
    rng, number, length, out = np.random.default_rng(0), 24, 120, 90
    codes, target = windows(number, length), np.full((number, 2, out), 1e-6)
    found = hits(codes, motif(word).matrix, rng)
    codes[found.window, found.start] = 0  # what is there by chance
    for row in range(0, number, 2):
        start, centre = 50 + row // 4, 50 + row // 4 + len(word) // 2 - (length - out) // 2
        codes[row, start : start + len(word)] = dna.encode(word)
        target[row, 0, centre - 5] = target[row, 1, centre + 7] = 1
    tracks = Rep("1r")
    turned = np.arange(number) % 4 == 0
    codes[turned] = dna.complement_codes(codes[turned])
    target[turned] = tracks.act(target[turned])
    monkeypatch.setattr(zoo.studies.biology.effects, "_answers", lambda model, given: np.log(target))
    task = SimpleNamespace(kind="profile", rep_out=(tracks,))
    made = footprint(None, task, motif(word), Examples(codes, target, tracks), rng)
    assert made.found == number // 2
    assert made.observed.mean == pytest.approx(1, abs=1e-3)
    assert made.predicted.mean == pytest.approx(1, abs=1e-3)
    assert made.observed_elsewhere.mean == pytest.approx((2 * NEAR + 1) / out, abs=0.01)
    assert made.alike.mean == pytest.approx(1)
    at_hits = np.array(made.profiles[0])
    assert at_hits.argmax(axis=1).tolist() == [NEAR - 5, NEAR + 7]
    assert at_hits.max(axis=1).tolist() == pytest.approx([1, 1], abs=1e-3)


def test_a_planted_word_is_the_strongest_pattern_on_both_strands():
    codes, scores = windows(40, 100), np.random.default_rng(1).normal(0, 0.01, (40, 100))
    site = dna.encode(WORD)
    for row in range(40):
        start = 30 + row % 7
        codes[row, start : start + len(WORD)] = site if row % 2 else dna.complement_codes(site)
        scores[row, start : start + len(WORD)] = 1
    first = next(patterns("mine", codes, scores, 3))
    assert first.text in (WORD, dna.reverse_complement(WORD))
    assert first.places >= 30, "but for those whose word has another base beside it"
    assert np.array(first.contributions).shape == (20, 4)
    assert np.array(first.contributions).max() == pytest.approx(1, abs=0.05)
    assert list(patterns("mine", codes[:4], scores[:4], 3)) == [], "of too few places"


def measured():
    one, none = Mean(1.0, 0.9, 1.1), Mean(0.0, -0.1, 0.1)
    known = Pattern("Reb1", 12, [[0.0, 0.0, 0.0, 1.0], [0.0, 0.0, 0.0, 0.9], [0.5, -0.2, 0.0, 0.0]])
    effects = Effect("Reb1", "TTA", one, one, none, one), Effect("Abf1", "CGT", none, none, none, none)
    return Measured("mine/posthoc", "k", effects=effects, patterns=(known,))


def test_the_record_is_read_as_it_was_written(tmp_path):
    records = {"mine": measured(), "other": Measured("other/rcps", "k")}
    write(tmp_path / "measured.json", records)
    assert read(tmp_path / "measured.json") == records
    assert len((tmp_path / "measured.json").read_text().splitlines()) == 2 + len(records)
    assert read(tmp_path / "none.json") == {}


def test_the_tables_say_which_motifs_are_not_found():
    told = summary({"mine": measured(), "other": Measured("other/rcps", "k")})
    assert told == (
        "Of 2 known motifs 1 raise the answer more than scrambled ones, by their intervals; not so Abf1 "
        "(`mine/posthoc`). No motif is declared for `other/rcps`."
    )
    text = "\n".join(tables({"mine": measured()}))
    assert "| `mine/posthoc` | Reb1 | TTA | 1.000 (0.900 to 1.100) |" in text
    assert "TTA (12)" in text


def test_the_picture_has_a_letter_for_each_contribution():
    drawn = picture(measured())
    letters = drawn.axes[0].patches
    assert len(letters) == 4
    heights = [patch.get_path().get_extents() for patch in letters]
    assert [box.height for box in heights] == pytest.approx([1.0, 0.9, 0.5, 0.2])
    assert [box.y0 for box in heights] == pytest.approx([0, 0, 0, -0.2], abs=1e-9)
    assert svg(picture(measured())) == svg(picture(measured()))
    assert picture(Measured("other/rcps", "k")) is None


def test_a_key_tells_other_weights_and_other_motifs():
    keys = {key_of(labels(word), digest) for word in ("TTA", "TTG") for digest in ("a", "b")}
    assert len(keys) == 4


def test_a_motif_has_its_letters():
    assert Motif("mine", 0, motif("TTRN").matrix).text == "TTRN"
