"""Which picture does an annotation mean? By its path if it can be, by its bare name only where there is no doubt.

Set after set has a `0.jpg` in each of its parts, so a name alone says little. A path is read relative to the
annotation file, then in the folder beside it (`labels/` has its pictures in `images/`), then from the top. Only then
the name alone counts: if one picture has it, or one that lies in folders as written, or one in the same part.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator, Sequence
from pathlib import PurePosixPath

from onward.data.box_records import Noted
from onward.data.picture_files import PICTURE_ENDINGS
from onward.data.splits import folder_split

__all__ = ["match_pictures"]

_NOTES = {"labels", "annotations", "annots", "xml", "xmls", "boxes", "bboxes"}
_PICTURES = ("images", "Images", "JPEGImages", "imgs", "img", "pictures", "photos")
_NAMED_AT_MOST = 3
_MISSING = "Annotated, but the picture is missing"
_UNCLEAR = "Annotated, but several pictures have that name, so none was taken"
_TAKEN = "Annotated, but the only picture of that name belongs to another file or part, so it was not taken"


def match_pictures(
    noted: Sequence[Noted], names: Sequence[str], troubles: dict[str, list[str]]
) -> list[tuple[Noted, str]]:
    """Bring annotations and pictures together.

    Args:
        names: the pictures' paths.
        troubles: what found no picture is added here, with file and line.
    Returns: each annotation with its picture's path.
    """
    finder = _Finder(names)
    near = {place: name for place, each in enumerate(noted) if (name := finder.near(each)) is not None}
    taken = set(near.values())
    found: list[tuple[Noted, str]] = []
    for place, each in enumerate(noted):
        name = near.get(place)
        if name is None:
            candidates = finder.by_name(each)
            name = candidates[0] if len(candidates) == 1 else None
            words = _UNCLEAR if candidates else _MISSING
            if name is not None and (name in taken or _contradicts(each, name)):
                name, words = None, _TAKEN
            if name is None:
                seen = f": {', '.join(candidates[:_NAMED_AT_MOST])}" if candidates else ""
                troubles.setdefault(words, []).append(f"{each.where} ({each.pictures[0]}{seen})")
                continue
        found.append((each, name))
    return found


def _contradicts(noted: Noted, name: str) -> bool:
    """Say whether a picture found by its bare name lies in another part than the annotation says."""
    split = folder_split(name)
    return bool(noted.split and split) and split != noted.split and _shared_end(noted.pictures[0], name) < 2


class _Finder:
    def __init__(self, names: Sequence[str]) -> None:
        self._whole = set(names)
        self._endless: dict[str, list[str]] = {}
        self._plain: dict[str, list[str]] = {}
        self._stems: dict[str, list[str]] = {}
        for name in names:
            self._endless.setdefault(_without_ending(name), []).append(name)
            self._plain.setdefault(PurePosixPath(name).name, []).append(name)
            self._stems.setdefault(PurePosixPath(_without_ending(name)).name, []).append(name)

    def near(self, noted: Noted) -> str | None:
        """Find a picture by path, relative to its annotation, to the folder beside, or to the top."""
        for written in map(_tidy, noted.pictures):
            for folder in _folders(noted.file):
                path = posixpath.normpath(posixpath.join(folder, written))
                if path in self._whole:
                    return path
                alike = self._endless.get(_without_ending(path), ())
                if len(alike) == 1:
                    return alike[0]
        return None

    def by_name(self, noted: Noted) -> list[str]:
        """List the pictures that may be meant: of the name as written, those that share most of their path's end."""
        for written in map(_tidy, noted.pictures):
            plain = PurePosixPath(written).name
            candidates = self._plain.get(plain) or self._stems.get(_without_ending(plain)) or []
            if len(candidates) > 1:
                shared = [_shared_end(written, name) for name in candidates]
                candidates = [name for name, count in zip(candidates, shared, strict=True) if count == max(shared)]
            if len(candidates) > 1 and noted.split:
                candidates = [name for name in candidates if folder_split(name) == noted.split] or candidates
            if candidates:
                return candidates
        return []


def _folders(file: str) -> Iterator[str]:
    """Give the folders in which a file's pictures may lie; a YOLO file's are beside `labels` rather than in it."""
    folder = posixpath.dirname(file)
    is_yolo = file.lower().endswith(".txt")
    if not is_yolo:
        yield folder
    parts = folder.split("/")
    place = next((each for each in reversed(range(len(parts))) if parts[each].lower() in _NOTES), None)
    if place is not None:
        yield from ("/".join([*parts[:place], word, *parts[place + 1 :]]) for word in _PICTURES)
    if is_yolo:
        yield folder
    yield ""


def _tidy(written: str) -> str:
    return written.replace("\\", "/")


def _without_ending(name: str) -> str:
    """Take off a picture's ending and nothing else: `0.5.jpg` is `0.5`, and `0.5` stays."""
    ending = PurePosixPath(name).suffix
    return name[: -len(ending)] if ending.lower() in PICTURE_ENDINGS else name


def _shared_end(one: str, other: str) -> int:
    """Count the parts two paths have in common from the end; endings of files do not count."""
    first, second = (PurePosixPath(_without_ending(_tidy(path))).parts[::-1] for path in (one, other))
    count = 0
    for left, right in zip(first, second, strict=False):
        if left != right:
            break
        count += 1
    return count
