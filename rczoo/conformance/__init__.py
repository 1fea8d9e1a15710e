"""The conformance suite: does a model of DNA obey reverse complement, where does it break, and why."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
