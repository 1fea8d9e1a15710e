"""The field's file formats: FASTA, 2bit, BED, bigWig, VCF, and names of chromosomes."""

import lazy_loader

__getattr__, __dir__, __all__ = lazy_loader.attach_stub(__name__, __file__)
