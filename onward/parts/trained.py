"""What a run learned, put back for use: the facts it wrote of itself, and its averaged network.

A stranger's run may say anything of itself. So a network is built without memory for its weights, and takes those of
the checkpoint: they are as large as the file, whatever sizes the run names, and others than those named are refused.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import torch
from torch import nn
from torch.nn.modules.module import register_module_parameter_registration_hook
from torch.overrides import TorchFunctionMode

from onward.core.faults import RunFault
from onward.core.run import Run
from onward.parts.averaging import Average

__all__ = ["averaged", "facts_of", "kept_average", "unfilled"]

N = TypeVar("N", bound=nn.Module)
_TENSOR = torch.Tensor
_CHANGES_ALONE = {nn.init.normal_, _TENSOR.normal_, _TENSOR.mul, _TENSOR.__mul__, _TENSOR.add_, _TENSOR.__iadd__}
_MOST_WEIGHTS = 5_000  # tensors of a network; the largest here has some five hundred


class _Unfilling(TorchFunctionMode):
    """Works out no numbers for weights without memory: for them torch would load its compiler, a second and more."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        if function in (torch.randn, torch.rand) and not {"device", "generator", "out"} & given.keys():
            function = torch.empty
        elif function in _CHANGES_ALONE and "other" not in given:
            tensor = given["tensor"] if "tensor" in given else args[0]
            by_numbers = all(isinstance(each, (int, float)) for each in args[1:])
            if isinstance(tensor, torch.Tensor) and tensor.is_meta and tensor.is_floating_point() and by_numbers:
                return torch.empty_like(tensor) if function in (_TENSOR.mul, _TENSOR.__mul__) else tensor
        return function(*args, **given)


def facts_of(run: Run, name: str) -> dict[str, Any]:
    """Give what a run wrote of its model under a name.

    Raises:
        RunFault: nothing was trained yet.
    """
    facts = run.folder.record.get(name)
    if facts is None:
        raise RunFault(f"{run.name} was never trained. Go on with: onward resume {run.folder.word}")
    return facts


def unfilled(make: Callable[[], N], *, is_foreign: bool = False) -> N:
    """Build a network that takes no memory until it is filled with `load_state_dict(..., assign=True)`.

    Args:
        make: builds it.
        is_foreign: it is a library's, which holds more than weights, and how large it is is not for a run to say; so
            it is built as ever.
    Raises:
        RunFault: it has no end of layers.

    Example:
        >>> unfilled(lambda: nn.Linear(10**6, 10**6)).weight.shape
        torch.Size([1000000, 1000000])
    """
    if is_foreign:
        return make()
    left = _MOST_WEIGHTS

    def counted(module: nn.Module, name: str, weight: Any) -> None:
        nonlocal left
        left -= 1
        if left < 0:
            raise RunFault("The run is damaged: it names a network of far too many layers. Train it anew.")

    counting = register_module_parameter_registration_hook(counted)
    try:
        with torch.device("meta"), _Unfilling():
            return make()
    finally:
        counting.remove()


def kept_average(run: Run, name: str, make: Callable[[], N], *, is_foreign: bool = False) -> N:
    """Give the averaged network that a run kept under a name, ready to answer.

    Args:
        make, is_foreign: as in `unfilled`.
    Raises:
        RunFault: the run has no checkpoint, or the network no end of layers.
        RuntimeError: the weights are of other shapes.
    """
    average = Average(unfilled(make, is_foreign=is_foreign), 1)
    run.load_kept(label=None, **{name: average})
    return average.network.float().eval()


def averaged(run: Run, make: Callable[[], N], *, is_foreign: bool = False) -> N:
    """Give the network of pictures that a run kept as its average, ready to answer.

    Args:
        make, is_foreign: as in `unfilled`.
    Raises:
        RunFault: the run has no checkpoint, or the network no end of layers.
        RuntimeError: the weights are of other shapes.
    """
    network = kept_average(run, "average", make, is_foreign=is_foreign)
    return network.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
