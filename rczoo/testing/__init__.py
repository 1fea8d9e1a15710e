"""For tests of your own: what hypothesis draws, tensors from a seed, and references written as plain loops.

>>> from hypothesis import given
>>> from rczoo.testing import normal_tensor, reference, reps, seeds
>>> @given(reps(), seeds())
... def test_the_action_is_the_loop_s(rep, seed):
...     x = normal_tensor(seed, 2, rep.channels, 9)
...     assert (rep.act(x).numpy() == reference.act(rep, x.numpy())).all()
>>> test_the_action_is_the_loop_s()
"""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
