"""Trained models as plain ``torch.nn`` layers, and as files that run without this package."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
