from .exporting import export as export
from .exporting import exported_program as exported_program
from .fusion import fuse as fuse
