"""The family between conjoined and RCPS, by a parameter: built, described, embedded, saved."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
