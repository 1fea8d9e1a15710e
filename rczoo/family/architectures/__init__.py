"""The architectures that ``build`` knows: the paper's three, and those of the field."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
