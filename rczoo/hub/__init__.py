"""Published models by name, from the package or a hub, and Hugging Face repositories."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
