"""
# bpnet-lite's BPNet: a profile, a count and a control track

The model answers with a stranded profile (`1r`: plus and minus swap) and one total count (`1t`: it
stays), and takes stranded control tracks (`1r`) beside the DNA. Those three words are all that has to be
said of it. It needs `pip install 'rczoo[foreign]'`.

Trained weights, where you have them, are loaded before `conjoin`; here they are random.
"""

import tempfile
from pathlib import Path

import torch
from bpnetlite import BPNet
from safetensors.torch import load_model, save_model

import rczoo

SPECS = {"inputs": ("dna", "1r"), "outputs": ("1r", "1t")}


def main():
    torch.manual_seed(0)
    model = BPNet(n_filters=16, n_layers=4)

    print("measured: how far the two strands' answers are apart")
    print(rczoo.measure(model, **SPECS, length=300, number=64))

    both = rczoo.conjoin(model, **SPECS)

    print("\nchecked, as it was and conjoined")
    before = rczoo.check(model, **SPECS, lengths=300, quick=True)
    after = rczoo.check(both, lengths=(300, 301), quick=True)
    print(before.verdict)
    print(before.diagnoses[0].sentence)
    print(after.verdict)
    assert not before.passed
    assert after.passed, after

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "conjoined.safetensors"
        save_model(both, str(file))
        again = rczoo.conjoin(BPNet(n_filters=16, n_layers=4), **SPECS)
        load_model(again, str(file))
    X, X_ctl = rczoo.one_hot(["ACGTTGCAAT" * 30]), torch.zeros(1, 2, 300)
    same = all(map(torch.equal, both.eval()(X, X_ctl), again.eval()(X, X_ctl)))
    print("\nsaved, built anew and loaded: same answers:", same)
    assert same


if __name__ == "__main__":
    main()
