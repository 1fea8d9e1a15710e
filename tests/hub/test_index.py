"""An index is read with suspicion: whatever is wrong in it is one line, and nothing of it is believed."""

import json

import pytest

from rczoo.hub.index import LARGEST, parse_index

NAME = "sim-9/rcps"
FILES = ("config.json", "model.safetensors", "expected.json", "README.md")


def models():
    return {
        NAME: {
            "files": {
                file: {"path": f"{NAME}/{file}", "sha256": str(digit) * 64, "size": 9}
                for digit, file in enumerate(FILES)
            }
        }
    }


def parsed(found):
    return parse_index(json.dumps({"format": "rczoo index 1", "models": found}).encode(), "a hub")


def about(found, file="model.safetensors"):
    return found[NAME]["files"][file]


def climbing_name(found):
    found["../x"] = found[NAME]


def climbing_file(found):
    found[NAME]["files"]["../../config.json"] = about(found)


def pickled_file(found):
    found[NAME]["files"]["pytorch_model.bin"] = about(found)


def no_hash(found):
    del about(found)["sha256"]


def no_weights(found):
    del found[NAME]["files"]["model.safetensors"]


def recommended_twice(found):
    found["sim-9/other"] = found[NAME]
    found[NAME]["recommended"] = True


def merged(merge):
    return lambda found: found[NAME].update(merge=merge)


def at(path):
    return lambda found: about(found).update(path=path)


def sized(size):
    return lambda found: about(found).update(size=size)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (at("../../secret"), r"has the path '\.\./\.\./secret', which leaves the hub's folder"),
        (at("/etc/passwd"), r"has the path '/etc/passwd', which leaves"),
        (at("a?b"), r"has the path 'a\?b', which leaves"),
        (at("%2e%2e/a"), r"has the path '%2e%2e/a', which leaves"),
        (at(None), r"has the path None, which leaves"),
        (climbing_name, r"has the model name '\.\./x', expected task/strategy"),
        (climbing_file, r"has a file '\.\./\.\./config\.json', only"),
        (pickled_file, r"has a file 'pytorch_model\.bin', only"),
        (no_hash, "has no sha256, so it could not be verified"),
        (lambda found: about(found).update(sha256="f" * 63), "has no sha256, so it could not be verified"),
        (merged(1), "has the merge 1, expected a word"),
        (merged("\x1b[2J"), r"has the merge '\\x1b\[2J', expected a word"),
        (lambda found: found[NAME].update(bar="0.9"), "has the bar '0.9', expected a number"),
        (
            lambda found: found[NAME].update(organism=["yeast"]),
            r"has the organism .*, expected a word",
        ),
        (recommended_twice, "recommends 2 models of sim-9, one may be"),
        (no_weights, r"lacks config\.json or model\.safetensors"),
        (sized(True), "has the size True, expected bytes"),
        (sized(LARGEST + 1), r"has 1,073,741,825 bytes, a file may have 1,073,741,824"),
    ],
)
def test_a_tampered_index_is_refused(change, message):
    found = models()
    change(found)
    with pytest.raises(ValueError, match=message) as caught:
        parsed(found)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"<html>", "is not JSON"),
        (b"\xff", "is not JSON"),
        (b"[" * 100_000, "is not JSON"),
        (b"9" * 5_000, "is not JSON"),
        (b"[]", "has format 'list'"),
        (b'{"format": "x"}', "has format 'x', expected 'rczoo index 1'"),
        (b'{"format": "rczoo index 1"}', "lists no models"),
    ],
)
def test_what_is_no_index(content, message):
    with pytest.raises(ValueError, match=f"^the index of a hub {message}") as caught:
        parse_index(content, "a hub")
    assert "\n" not in str(caught.value)


def test_an_entry_says_how_strands_are_merged_and_what_is_to_beat_if_the_index_does():
    found = models()
    assert parsed(found)[NAME].merge is None
    assert parsed(found)[NAME].bar is None
    found[NAME]["bar"] = 0.75
    assert parsed(found)[NAME].bar == 0.75
    merged("mean")(found)
    assert parsed(found)[NAME].merge == "mean"


@pytest.mark.parametrize(
    ("metrics", "bar", "above"),
    [
        ({"auroc": 0.8}, 0.7, True),
        ({"auroc": 0.7}, 0.7, False),
        ({"jsd": 0.1, "auroc": 0.1}, 0.2, True),
        ({"jsd": 0.3}, 0.2, False),
        ({"auroc": None}, 0.7, None),
        ({"auroc": 0.8}, None, None),
    ],
)
def test_whether_a_model_is_above_its_bar(metrics, bar, above):
    found = models()
    found[NAME] |= {"metrics": metrics, "bar": bar}
    assert parsed(found)[NAME].above_bar is above


@pytest.mark.parametrize("file", FILES)
def test_a_version_is_all_that_is_frozen_under_a_name_so_not_the_card(file):
    found = models()
    about(found, file)["sha256"] = "f" * 64
    changed, before = parsed(found)[NAME], parsed(models())[NAME]
    assert (changed.version == before.version) == (changed.frozen == before.frozen) == (file == "README.md")
