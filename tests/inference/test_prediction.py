import numpy as np
import pytest
import torch
from torch import nn

import rczoo
from rczoo import Rep
from rczoo.inference.controls import Controls
from rczoo.inference.prediction import answer
from rczoo.symmetry import dna
from tests.support.small_models import LENGTH, label_model, profile_model

RNG = np.random.default_rng(0)
CODES = RNG.integers(0, 5, (7, LENGTH)).astype(np.uint8)
STRANDED = Rep("1r")


def test_the_given_strand_is_the_models_own_output_whatever_the_batches():
    model = profile_model(count_head=True)
    profile, counts = rczoo.predict(model, CODES, batch_size=3)
    with torch.no_grad():
        expected = model(dna.one_hot(CODES))
    assert torch.allclose(profile, expected[0], atol=1e-5)
    assert torch.allclose(counts, expected[1], atol=1e-5)
    strings = [dna.decode(row) for row in CODES]
    assert torch.equal(rczoo.predict(model, strings, batch_size=3)[0], profile)
    assert torch.equal(rczoo.predict(model, dna.one_hot(CODES), batch_size=3)[0], profile)


@pytest.mark.parametrize("control", [None, "2t", "1r"])
def test_the_other_strand_reads_the_reverse_complement_and_is_put_back(control):
    model = profile_model(control=control)
    tracks = None if control is None else torch.rand(7, 2, 25)
    both = rczoo.predict(model, CODES, tracks, strand="both", batch_size=7)
    turned = None if control is None else Rep(control).act(tracks)
    reverse = rczoo.predict(model, dna.complement_codes(CODES), turned, batch_size=7)
    assert torch.equal(both.other, STRANDED.act(reverse))
    assert torch.equal(both.given, rczoo.predict(model, CODES, tracks, batch_size=7))
    assert torch.equal(both.other, rczoo.predict(model, CODES, tracks, strand="other", batch_size=7))
    assert not torch.allclose(both.other, both.given, atol=1e-3)


@pytest.mark.parametrize("model", [profile_model("rcps"), profile_model("conjoined")])
def test_an_equivariant_model_has_one_answer(model):
    both = rczoo.predict(model, CODES, strand="both")
    assert torch.equal(both.given, both.other)


def test_an_ensemble_gives_the_mean_of_its_members_answers_for_either_strand():
    members = [profile_model(name, count_head=True) for name in ("standard", "rcps")]
    both = rczoo.predict(rczoo.ensemble(members), CODES, strand="both")
    each = [rczoo.predict(member, CODES, strand="both") for member in members]
    for side in ("given", "other"):
        for place, found in enumerate(getattr(both, side)):
            expected = sum(getattr(answer, side)[place] for answer in each) / 2
            assert torch.allclose(found, expected, atol=1e-5)
    assert not torch.allclose(both.given[0], both.other[0], atol=1e-3)


def test_rows_are_turned_one_by_one():
    model, X = profile_model(), dna.one_hot(CODES)
    turned = np.array([True, False, True, False, False, True, False])
    [mixed] = answer(model, [X], turned)
    given, other = rczoo.predict(model, CODES, strand="both", batch_size=7)
    for n, t in enumerate(turned):
        assert torch.allclose(mixed[n], (other if t else given)[n], atol=1e-6)


def test_the_model_stays_as_it_was():
    model = label_model()
    model.train()
    model.trunk.blocks[0].norm.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    codes = CODES[:, :80]
    first = rczoo.predict(model, codes)
    assert model.training
    assert not model.trunk.blocks[0].norm.training
    assert torch.equal(first, rczoo.predict(model, codes))
    assert not first.requires_grad
    assert all(torch.equal(value, model.state_dict()[name]) for name, value in before.items())


def test_messages():
    model = label_model()
    with pytest.raises(ValueError, match="predict: no sequences given"):
        rczoo.predict(model, np.zeros((0, 80), dtype=np.uint8))
    with pytest.raises(ValueError, match="strand 'minus': choose one of given, other, both"):
        rczoo.predict(model, CODES[:, :80], strand="minus")
    with pytest.raises(ValueError, match="unknown device 'tpu': choose cpu, cuda or auto"):
        rczoo.predict(model, CODES[:, :80], device="tpu")
    plain = nn.Sequential(nn.Flatten(), nn.Linear(320, 1))
    assert rczoo.predict(plain, CODES[:, :80], device="auto").shape == (7, 1)
    plain.to("cpu")
    with pytest.raises(ValueError, match="Sequential declares no rep_out"):
        rczoo.predict(plain, CODES[:, :80], strand="both")


@pytest.mark.parametrize("dtype", [torch.float64, torch.float16, torch.int64, torch.bool])
def test_one_hot_of_any_dtype_from_torch_or_numpy(dtype):
    model = profile_model(control="1t")
    X, tracks = dna.one_hot(CODES).to(dtype), torch.arange(7.0)[:, None, None].expand(7, 1, 25)
    expected = rczoo.predict(model, CODES, tracks, strand="both")
    for given, control in ((X, tracks.double()), (X.numpy(), tracks.int().numpy())):
        found = rczoo.predict(model, given, control, strand="both")
        assert torch.equal(found.given, expected.given)
        assert torch.equal(found.other, expected.other)
    low = rczoo.predict(profile_model(control="1t").double(), X, tracks)
    assert low.dtype == torch.float64


def test_inputs_that_do_not_fit_the_model_are_refused():
    tracks = torch.zeros(7, 1, 25)
    with pytest.raises(ValueError, match=r"reads 1 inputs \(2r:flip\), got 2: leave X_ctl out"):
        rczoo.predict(profile_model(), CODES, tracks)
    model = profile_model(control="1t")
    with pytest.raises(ValueError, match=r"reads 2 inputs \(2r:flip, 1t\), got 1: give control tracks"):
        rczoo.predict(model, CODES)
    with pytest.raises(ValueError, match="X_ctl has 6 rows for 7 sequences: give one for each"):
        rczoo.predict(model, CODES, tracks[:6])
    with pytest.raises(ValueError, match="batch_size 0: give at least 1"):
        rczoo.predict(model, CODES, tracks, batch_size=0)


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no CUDA device")
def test_a_gpu_answers_the_same():
    model = profile_model("rcps")
    expected = rczoo.predict(model, CODES)
    found = rczoo.predict(model, CODES, device="cuda")
    assert found.device.type == "cpu"
    assert torch.allclose(found, expected, atol=1e-4)


def test_controls_that_are_stranded_are_refused(tmp_path):
    with pytest.raises(ValueError, match="control tracks 1r are stranded: give --control zeros"):
        Controls(Rep("1r"), [tmp_path / "none.bw"], [1, 1], None)
