"""Writing a network as ONNX, and checking that what was written answers as the network does."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from onward.core.faults import MachineFault, RunFault

__all__ = ["Axes", "opened", "write_graph", "write_onnx", "write_traced"]

Axes = dict[str, dict[int, str]]  # by name of a tensor: the axes of any length, and what they are called

_APART = 1e-3


def write_onnx(
    network: nn.Module,
    example: Sequence[Tensor],
    names: Sequence[str],
    answer: str,
    path: Path,
    most_apart: float = _APART,
    traced: bool = False,
) -> Path:
    """Write `network` to `path` for any number of examples.

    Args:
        example: at least two examples a tensor; the first axis is free in what is written.
        names: of the inputs.
        answer: name of the output.
        most_apart: how far an answer may be from the network's.
        traced: by the older of torch's exporters, which takes a tenth of the time but does not know every operator.
    Returns: the path.
    Raises:
        MachineFault: the packages for it are missing.
        RunFault: what was written answers otherwise.
    """
    if traced:
        write_traced(network, example, {name: {0: "count"} for name in names}, {answer: {0: "count"}}, path)
    else:
        free = tuple({0: torch.export.Dim("count")} for _ in example)
        write_graph(network, example, names, [answer], free, path)
    session = opened(path)
    for count in (len(example[0]), 1):
        given = {name: each[:count].numpy() for name, each in zip(names, example, strict=True)}
        (theirs,) = session.run(None, given)
        with torch.no_grad():
            ours = network(*(each[:count] for each in example)).numpy()
        apart = float(np.abs(np.asarray(theirs) - ours).max())
        if not apart < most_apart:
            raise RunFault(f"{path} answers otherwise than the trained network (they differ by {apart:.2g}).")
    return path


def write_graph(
    network: nn.Module,
    example: Sequence[Tensor],
    names: Sequence[str],
    answers: Sequence[str],
    free_axes: Any,
    path: Path,
) -> None:
    """Write `network` to `path`, unchecked.

    Args:
        answers: names of the outputs.
        free_axes: for each input of `forward` its axes that may have any length, as torch.export takes them.
    Raises:
        MachineFault: the packages for it are missing.
    """
    _check_installed()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter's own
        torch.onnx.export(
            network,
            tuple(example),
            str(path),
            dynamo=True,
            verbose=False,
            external_data=False,
            input_names=list(names),
            output_names=list(answers),
            dynamic_shapes=free_axes,
        )


def write_traced(network: nn.Module, example: Sequence[Tensor], inputs: Axes, outputs: Axes, path: Path) -> None:
    """Write a network by the older of torch's exporters, unchecked.

    The newer one writes out every moment of the library's layers with memory (pytorch issue 191855), and takes minutes
    where a network is called many times over.

    Args:
        inputs, outputs: their names, and the axes of each that may have any length, with a name.
    Raises:
        MachineFault: the packages for it are missing.
    """
    _check_installed()
    with warnings.catch_warnings(), torch.no_grad():
        warnings.simplefilter("ignore")  # the exporter's own
        torch.onnx.export(
            network,
            tuple(example),
            str(path),
            dynamo=False,
            verbose=False,
            input_names=list(inputs),
            output_names=list(outputs),
            dynamic_axes={**inputs, **outputs},
        )


def opened(path: Path) -> Any:
    """Open what was written, to be asked: `opened(path).run(None, {"name": array})`.

    Raises:
        MachineFault: the packages for it are missing.
    """
    _check_installed()
    import onnxruntime

    return onnxruntime.InferenceSession(str(path), providers=["CPUExecutionProvider"])


def _check_installed() -> None:
    try:
        import onnxruntime  # noqa: F401
        import onnxscript  # noqa: F401 - torch's exporter needs it
    except ImportError:
        raise MachineFault("Export needs onnx, onnxscript and onnxruntime: pip install 'onward[export]'") from None
