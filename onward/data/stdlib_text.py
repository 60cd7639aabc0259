"""Python's own words: the docstrings of its standard library, a text that every machine has."""

from __future__ import annotations

import ast
import sys
import sysconfig
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path

import numpy as np

from onward.data.cache import cache_key, recall, remember

__all__ = ["docstrings"]

_LEFT_OUT = {"site-packages", "dist-packages", "test", "tests", "idlelib", "lib2to3", "__pycache__", "pydoc_data"}
_SHORTEST = 20  # characters


@lru_cache(maxsize=1)
def docstrings() -> str:
    """Give the docstrings of all modules, classes and functions, module by module: more than a million characters."""
    key = cache_key("stdlib:docstrings", 1, sys.version)
    if found := recall(key, "text"):
        return bytes(np.asarray(found["text"], np.uint8)).decode()
    text = "\n\n".join(dict.fromkeys(_all_docstrings())) + "\n"
    remember(key, text=np.frombuffer(text.encode(), np.uint8))
    return text


def _all_docstrings() -> Iterator[str]:
    home = Path(sysconfig.get_paths()["stdlib"])
    for path in sorted(home.rglob("*.py")):
        if _LEFT_OUT.isdisjoint(path.relative_to(home).parts):
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")  # old files warn of their escapes
                    tree = ast.parse(path.read_bytes())
            except (SyntaxError, ValueError, OSError):
                continue
            for node in ast.walk(tree):
                if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
                    said = ast.get_docstring(node) or ""
                    said = said.encode("utf-8", "replace").decode()
                    if len(said) >= _SHORTEST:
                        yield said
