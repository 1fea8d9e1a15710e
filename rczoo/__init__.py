"""Reverse-complement equivariance for deep learning models of DNA."""

from os.path import isdir, join

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
# Without the packages: after ``import *``, ``io`` and ``nn`` would no longer be Python's and torch's.
__all__ = [name for name in __all__ if not isdir(join(__path__[0], name))]
