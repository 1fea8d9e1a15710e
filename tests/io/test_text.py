import gzip
import io
import os
import threading
from types import SimpleNamespace

import pytest

from rczoo.io.bed import read_bed
from rczoo.io.fasta import read_sequences
from rczoo.io.text import read_twice, text_lines, unpacked
from rczoo.io.vcf import read_vcf

CONTENT = {
    "fasta": ">a words\nACGTA\n>b\nACGTC\n",
    "bed": "#c\nchr1\t1\t9\nchr1\t5\t9\tx\t0\t-\n",
    "vcf": "##x\nchr1\t5\t.\tA\tC\nchr1\t6\t.\tA\tG\n",
}


def everything(path, kind):
    if kind == "fasta":
        return [(name, codes.tolist()) for name, codes in read_sequences(path, 5)]
    if kind == "bed":
        found = read_bed(path)
        return [found.chrom.tolist(), found.summit.tolist(), found.reverse.tolist()]
    return list(read_vcf(path))


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=["unix", "windows", "mac"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["", "bom"])
@pytest.mark.parametrize("kind", CONTENT)
def test_every_system_writes_the_same(tmp_path, kind, mark, end):
    plain, other = tmp_path / "plain", tmp_path / "other"
    plain.write_text(CONTENT[kind])
    content = mark + CONTENT[kind].replace("\n", end).encode()
    for packed in (content, gzip.compress(content)):
        other.write_bytes(packed)
        assert everything(other, kind) == everything(plain, kind)


@pytest.mark.parametrize("kind", CONTENT)
@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b[:30] + bytes(9) + b[39:]])
def test_a_broken_gzip_file_is_one_line(tmp_path, kind, damage):
    path = tmp_path / "x.gz"
    path.write_bytes(damage(gzip.compress(CONTENT[kind].encode() * 30)))
    with pytest.raises(ValueError, match=r"x.gz is not a whole gzip file .*: fetch it again"):
        list(text_lines(path, "FASTA"))


def test_only_plain_files_are_opened(tmp_path):
    os.mkfifo(tmp_path / "pipe")  # which nobody ever writes to
    for place in (tmp_path, tmp_path / "pipe", "/dev/zero"):
        with pytest.raises(ValueError, match="is a folder, a pipe or a device: give a genome file"):
            unpacked(tmp_path / place, "genome").__enter__()
    with pytest.raises(FileNotFoundError, match=r"no BED file .*none: check the path"):
        list(text_lines(tmp_path / "none", "BED"))


def test_a_pipe_and_standard_input_are_read_as_often_as_needed(tmp_path, monkeypatch):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    writer = threading.Thread(target=pipe.write_text, args=(CONTENT["fasta"],))
    writer.start()
    with read_twice(pipe) as copy:
        first = everything(copy, "fasta")
        assert everything(copy, "fasta") == first
    writer.join(10)
    assert not copy.exists()
    stdin = SimpleNamespace(buffer=io.BytesIO(CONTENT["bed"].encode()))
    monkeypatch.setattr("sys.stdin", stdin)
    with read_twice(tmp_path / "-") as copy:
        assert copy == tmp_path / "-"  # a file of that name in a folder is one
    from pathlib import Path

    with read_twice(Path("-")) as copy:
        assert copy.name == "standard input"
        assert len(read_bed(copy)) == 2
    with read_twice(None) as copy:
        assert copy is None
