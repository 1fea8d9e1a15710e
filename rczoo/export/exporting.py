"""Models as files that run without this package: ONNX, and PyTorch's own exported programs (pt2)."""

from __future__ import annotations

import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import torch
from torch import nn
from torch.export import ExportedProgram

from .._arguments import check_choice
from ..family.ensembles import Model
from ..files.atomic import write_bytes
from .fusion import about, fuse
from .tracing import has_no_plain_layers, program_of, traced, windows_shift

FORMATS = ("onnx", "pt2")


def export(model: nn.Module, out: str | Path, format: str | None = None, length: int | None = None) -> Path:
    """Write the fused model to ``out`` as ``"onnx"`` or ``"pt2"`` (by default as the name ends).

    Inputs X and, with controls, X_ctl; outputs logits, or profile and counts. Any batch size; bpnet without
    ``position`` takes any length that leaves two positions, others their own (an ``RCSequential``:
    ``length``). What the model is and how RC acts on it is in the file as JSON, under
    ``rczoo``. Law: the outputs of ``model`` in eval mode, to rounding (1e-5 in float32).

    Returns ``out``. Raises ValueError where :func:`rczoo.export.fuse` does, and for another format;
    ModuleNotFoundError where onnx or onnxscript is missing (``pip install 'rczoo[export]'``).
    """
    out = Path(out)
    format = format or out.suffix.removeprefix(".")
    check_choice("format", format, FORMATS)
    program = exported_program(model, length)
    about = json.dumps(program.graph_module.meta["rczoo"])
    write_bytes(out, (_onnx if format == "onnx" else _pt2)(program, about))
    return out


def exported_program(model: nn.Module, length: int | None = None) -> ExportedProgram:
    """The model as a graph of tensor operations, for any batch size: of the fused one where there is one."""
    shifts = any(map(windows_shift, model.modules()))
    if isinstance(model, Model) and (shifts or has_no_plain_layers(model)):
        program = program_of(model)
        meta = about(model)
    else:
        fused = fuse(model, length)
        program, meta = traced(fused, model, length), fused.meta["rczoo"]
    program.graph_module.meta["rczoo"] = meta
    return program


def _pt2(program: ExportedProgram, about: str) -> bytes:
    file = BytesIO()
    torch.export.save(program, file, extra_files={"rczoo": about})
    return file.getvalue()


def _onnx(program: ExportedProgram, about: str) -> bytes:
    signature = program.graph_signature
    inputs = ["X", "X_ctl"][: len(signature.user_inputs)]
    outputs = ["logits"] if len(signature.user_outputs) == 1 else ["profile", "counts"]
    with _exporter_silenced():
        written = torch.onnx.export(
            program, dynamo=True, verbose=False, input_names=inputs, output_names=outputs
        )
    assert written is not None
    written.model.metadata_props["rczoo"] = about
    content: bytes = written.model_proto.SerializeToString()
    return content


@contextmanager
def _exporter_silenced() -> Iterator[None]:
    """Without what PyTorch's exporter says of itself: no torchvision here, an old call inside."""
    logger = logging.getLogger("torch.onnx._internal.exporter._registration")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", r".*LeafSpec.* is deprecated", FutureWarning)
            yield
    finally:
        logger.setLevel(level)
