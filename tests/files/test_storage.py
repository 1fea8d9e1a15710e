"""Files: whole or absent, never unpickled."""

import json
import pickle
from pathlib import Path

import pytest
import torch

from rczoo.files import storage


@pytest.mark.parametrize("path", ["a", "a/b", "a/./b", "..a/b..", "a b%20?#"])
def test_paths_that_stay_below(path):
    assert storage.stays_below(path)


@pytest.mark.parametrize("path", ["", ".", "..", "a/..", "../a", "/a", "//a", "a\\b", "C:a", "a\0", None, 3])
def test_paths_that_do_not(path):
    assert not storage.stays_below(path)


def test_json_has_no_nan():
    assert json.loads(storage.to_json({"a": [float("nan"), 1.5, float("inf")]})) == {"a": [None, 1.5, None]}
    with pytest.raises(ValueError, match=r"not JSON serializable: give numbers, strings, lists and dicts"):
        storage.to_json({"a": Path("x")})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"a": 1', r"a\.json is not JSON .* truncated or changed"),
        (b"\xff\xfe", r"a\.json is not JSON"),
        (b"[" * 100_000, r"a\.json is not JSON"),
        (b"[1]", r"holds a JSON list, not an object"),
        (pickle.dumps({}), r"is a pickle, which could run any code and is never loaded"),
    ],
)
def test_bad_json(tmp_path, content, message):
    path = tmp_path / "a.json"
    path.write_bytes(content)
    with pytest.raises(ValueError, match=message) as caught:
        storage.read_json(path)
    assert "\n" not in str(caught.value)


def test_tensors_round_trip_with_shared_and_strided_memory():
    shared = torch.arange(12.0).reshape(3, 4)
    tensors = {"a": shared, "b": shared, "c": shared.T, "d": torch.tensor(7)}
    found = storage.unpack_tensors(Path("x"), storage.pack_tensors(tensors))
    assert found.keys() == tensors.keys()
    assert all(torch.equal(found[name], tensors[name]) for name in tensors)


def test_a_header_whose_length_looks_like_a_pickle_does_not_make_one():
    seen = set()
    for size in range(1, 1400, 8):
        content = storage.pack_tensors({"a" * size: torch.ones(1)})
        storage.refuse_pickle(Path("x"), content)
        seen.add(content[:2])
    assert {b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05"} <= seen


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_pickle_is_refused_whatever_its_protocol(protocol):
    for value in ({}, {"a": [1, "{"]}, b"{" * 40):
        with pytest.raises(ValueError, match="x is a pickle"):
            storage.refuse_pickle(Path("x"), pickle.dumps(value, protocol))


@pytest.mark.parametrize("kept", [0, 3, 40, -1])
def test_truncated_tensors(kept):
    content = storage.pack_tensors({"a": torch.ones(5)})[:kept]
    with pytest.raises(ValueError, match=r"x \(\d+ bytes\) is not an intact safetensors file") as caught:
        storage.unpack_tensors(Path("x"), content)
    assert "\n" not in str(caught.value)


def test_a_missing_file_says_so(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"none is missing: copy or train it again"):
        storage.read_bytes(tmp_path / "none")
    with pytest.raises(ValueError, match=r"/dev/zero is no plain file, but a folder, pipe or device"):
        storage.read_bytes(Path("/dev/zero"))
