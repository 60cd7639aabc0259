"""All state needed to go on bit-identically, as a folder of safetensors and JSON. No pickle: opening one runs no code.

    step-00000120/
        state.json           the nested state; an array is {"array": KEY}, a torch tensor {"tensor": KEY}
        arrays.safetensors   NumPy arrays          tensors.safetensors   torch tensors

A folder is written aside, flushed and renamed, so one with its final name is whole.
"""

from __future__ import annotations

import json
import os
import shutil
from importlib import import_module
from pathlib import Path
from typing import Any

from onward.core.faults import MachineFault, RunFault
from onward.core.files import remove_folder, sync_folder

__all__ = ["read_checkpoint", "write_checkpoint"]

_TAGS = ("array", "tensor", "tuple", "pairs")


def write_checkpoint(folder: Path, state: dict[str, Any]) -> None:
    """Write `state` as `folder`; whatever stood there is replaced.

    Args:
        state: nested dicts, lists and tuples of torch tensors, NumPy arrays, numbers, words, None and booleans.
    Raises:
        MachineFault: the disk is full.
    """
    arrays: dict[str, Any] = {}
    tensors: dict[str, Any] = {}
    skeleton = _flatten(state, "", arrays, tensors)
    aside = folder.with_name(f".{folder.name}.{os.getpid()}")
    shutil.rmtree(aside, ignore_errors=True)
    try:
        aside.mkdir(parents=True)
        for name, library, found in (("arrays", "numpy", arrays), ("tensors", "torch", tensors)):
            if found:
                import_module(f"safetensors.{library}").save_file(found, str(aside / f"{name}.safetensors"))
        (aside / "state.json").write_text(json.dumps(skeleton), encoding="utf-8")
        for path in aside.iterdir():
            with path.open("r+b") as file:  # Windows flushes only what may be written
                os.fsync(file.fileno())
        sync_folder(aside)
    except Exception as reason:  # safetensors raises its own kind on a full disk
        shutil.rmtree(aside, ignore_errors=True)  # half of it would only keep the disk full
        raise MachineFault(f"{folder} cannot be written ({reason}). Make room on the disk.") from None
    remove_folder(folder)
    aside.rename(folder)
    sync_folder(folder.parent)


def read_checkpoint(folder: Path) -> dict[str, Any]:
    """Read what `write_checkpoint` wrote.

    Raises:
        RunFault: a file is missing or damaged.
    """
    try:
        skeleton = json.loads((folder / "state.json").read_text(encoding="utf-8"))
        found: dict[str, dict[str, Any]] = {"arrays": {}, "tensors": {}}
        for name, library in (("arrays", "numpy"), ("tensors", "torch")):
            if (path := folder / f"{name}.safetensors").exists():
                found[name] = import_module(f"safetensors.{library}").load_file(str(path))
        return _unflatten(skeleton, **found)
    except RunFault:
        raise
    except Exception as reason:  # safetensors raises its own kinds
        raise RunFault(f"The checkpoint {folder} is damaged ({reason}). Remove it to use an older one.") from None


def _flatten(value: Any, key: str, arrays: dict[str, Any], tensors: dict[str, Any]) -> Any:
    if value is None or isinstance(value, (bool, int, float, str)):
        return value
    kind = type(value).__module__.partition(".")[0]
    if kind == "torch":
        tensors[key] = value.detach().cpu().clone().contiguous()
        return {"tensor": key}
    if kind == "numpy":
        import numpy

        arrays[key] = numpy.array(value, order="C")
        return {"array": key}
    if isinstance(value, (list, tuple)):
        inner = [_flatten(item, f"{key}/{place}", arrays, tensors) for place, item in enumerate(value)]
        return inner if isinstance(value, list) else {"tuple": inner}
    if isinstance(value, dict):
        pairs = [(name, _flatten(item, f"{key}/{name}", arrays, tensors)) for name, item in value.items()]
        if all(isinstance(name, str) and name not in _TAGS for name, _ in pairs):
            return dict(pairs)
        return {"pairs": [list(pair) for pair in pairs]}
    raise TypeError(f"A checkpoint cannot hold {key}, a {type(value).__name__}. Keep arrays, numbers and words.")


def _unflatten(value: Any, arrays: dict[str, Any], tensors: dict[str, Any]) -> Any:
    if isinstance(value, list):
        return [_unflatten(item, arrays, tensors) for item in value]
    if not isinstance(value, dict):
        return value
    if len(value) == 1:
        ((tag, inner),) = value.items()
        if tag == "tensor":
            return tensors[inner]
        if tag == "array":
            return arrays[inner]
        if tag == "tuple":
            return tuple(_unflatten(item, arrays, tensors) for item in inner)
        if tag == "pairs":
            return {name: _unflatten(item, arrays, tensors) for name, item in inner}
    return {name: _unflatten(item, arrays, tensors) for name, item in value.items()}
