from .methods import METHODS as METHODS
from .methods import attribute as attribute
