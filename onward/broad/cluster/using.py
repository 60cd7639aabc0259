"""Groups in use: each item's group, what is there twice and what to keep of it, and sorted copies when asked for.

`clusters.csv`: path,cluster,distance · `duplicates.csv`: path,duplicate_of,kind,similarity,why · `plan.csv`:
path,keep,why · `scenes.csv`: pictures that may show the same scene. No file is changed, moved or deleted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from onward.broad.cluster.features import eye_features
from onward.broad.cluster.model import Groups
from onward.broad.cluster.neighbours import nearest
from onward.broad.cluster.pictures import map_picture, pairs_picture
from onward.broad.cluster.plan import Double, doubles_of
from onward.broad.cluster.reading import Items, read
from onward.broad.cluster.scores import looked_at, prepared
from onward.broad.cluster.settings import Settings, Sorting
from onward.broad.cluster.sorting import sort_into, take_back
from onward.broad.cluster.spaces import fit_space
from onward.broad.cluster.twins import Twin, Twins, exact_twins
from onward.core.exhibits import Exhibit, Picture, Table
from onward.core.faults import DataFault, UsageFault
from onward.core.task import Source

__all__ = ["apply"]

_NEAR_SCENE = 0.5  # of the middle distance to the nearest picture
_SECONDS_OF_A_SCENE, _LATER = 60, 0.8


def apply(groups: Groups, source: Source, options: Sorting) -> Iterator[Exhibit]:
    """Put items into groups, and plan what to do with doubles.

    Without an address, the run's own data are taken.

    Raises:
        DataFault: the items are of another kind than those grouped, or none can be read.
        UsageFault: where copies or links shall go holds something already.
    """
    if options.undo is not None:
        removed, left = take_back(Path(options.undo))
        yield Table(["removed", "left, since changed"], [[removed, left]], "undone")
        return
    if options.copy is not None and options.link is not None:
        raise UsageFault("Copies or links: name one of --copy and --link.")
    if len(source.addresses) > 1:
        raise UsageFault("Name one folder, archive or file at a time, so that the tables' paths are plain.")
    items = _items(groups, source)
    looks = looked_at(groups, items)
    if looks is not None:
        while looks.done < len(looks):
            looks.look()
        if not looks.pictures:
            place, reason = looks.unreadable[0]
            raise DataFault(f"{source.address}: none of its pictures can be read ({items.names[place]}: {reason}).")
    rows = looks.gathered("places") if looks is not None else np.arange(len(items))
    names = [items.names[row] for row in rows]
    labels, lengths, points = groups.tell(prepared(groups, items, looks))
    facts = looks.gathered("facts") if looks is not None else None
    near = _near(looks.gathered("prints")) if looks is not None else []
    digests = looks.gathered("digests") if looks is not None else _text_digests(items)
    doubles = doubles_of([*exact_twins(digests), *near], names, facts)
    unreadable = [(items.names[place], reason) for place, reason in looks.unreadable] if looks is not None else []
    yield Picture(map_picture(points, labels), "map")
    if near and items.book is not None:
        book = items.book
        pairs = [(each.first, each.second, each.why) for each in near[:20]]
        yield Picture(pairs_picture(pairs, lambda row: book.thumbnail(int(rows[row]), 96)), "duplicates")
    if looks is not None:
        yield Table(["path", "other", "distance"], _scenes(looks, names, doubles), "scenes")
    if items.book is not None and (target := options.copy or options.link):
        _sort(groups, items, rows, labels, doubles, Path(target), is_link=options.link is not None)
    yield Table(["path", "reason"], unreadable, "unreadable")
    yield Table(["path", "keep", "why"], _plan(names, doubles, unreadable), "plan")
    table = [[names[d.place], names[d.kept], d.kind, f"{d.likeness:.4f}", d.why] for d in doubles]
    yield Table(["path", "duplicate_of", "kind", "similarity", "why"], table, "duplicates")
    told = [[name, int(label), f"{length:.4f}"] for name, label, length in zip(names, labels, lengths, strict=True)]
    yield Table(["path", "cluster", "distance"], told, "clusters")


def _items(groups: Groups, source: Source) -> Items:
    facts = groups.facts
    address = source.address or str(groups.run.folder.record["data"]["address"])
    settings = Settings(text=facts.get("text"), label=None)
    items = read(Source((address,)), settings, fewest=1, known=facts)
    if items.kind != facts["kind"]:
        raise DataFault(f"{address} holds {items.kind}, but this run grouped {facts['kind']}. Train one on these.")
    return items


def _near(prints: NDArray[np.uint8]) -> list[Twin]:
    search = Twins(prints)
    while search.done < len(search):
        search.search()
    return search.twins()


def _text_digests(items: Items) -> NDArray[np.uint8]:
    """Digest texts whatever their capitals and spaces, or rows by their cells."""
    if items.kind == "texts":
        whole = [" ".join(text.casefold().split()).encode("utf-8", "replace") for text in items.texts]
    else:
        cells = np.stack([column.values for column in items.columns], axis=1)
        whole = [row.tobytes() for row in np.nan_to_num(cells, nan=-1e300)]
    return np.stack([np.frombuffer(hashlib.blake2b(each, digest_size=16).digest(), np.uint8) for each in whole])


def _plan(names: list[str], doubles: list[Double], unreadable: list[tuple[str, str]]) -> list[list[str]]:
    """Give a row for every file: keep yes or no, and why."""
    lost = {each.place: each for each in doubles}
    keeps: dict[int, int] = {}
    for each in doubles:
        keeps[each.kept] = keeps.get(each.kept, 0) + 1
    rows = []
    for place, name in enumerate(names):
        if place in lost:
            rows.append([name, "no", f"{lost[place].why} (kept: {names[lost[place].kept]})"])
        else:
            rows.append([name, "yes", f"the best of {keeps[place] + 1}" if place in keeps else ""])
    return [*rows, *([name, "yes", f"cannot be read, so look at it: {reason}"] for name, reason in unreadable)]


def _scenes(looks, names: list[str], doubles: list[Double]) -> list[list[str]]:
    """List pairs that may show one scene: each the other's nearest, and nearer than is usual."""
    features = looks.gathered("features")
    if not features.shape[1] or len(features) < 4:
        return []
    x = eye_features(features)
    x = fit_space(x, 64, 0).project(x)
    places, lengths = nearest(x, 1)
    other, length = places[:, 0], lengths[:, 0]
    usual = float(np.median(length))
    taken = looks.gathered("facts")[:, 4]
    together = (taken > 0) & (taken[other] > 0) & (np.abs(taken - taken[other]) <= _SECONDS_OF_A_SCENE)
    is_scene = (other[other] == np.arange(len(x))) & (length < usual * np.where(together, _LATER, _NEAR_SCENE))
    known = {frozenset((each.place, each.kept)) for each in doubles}
    rows = np.flatnonzero(is_scene & (np.arange(len(x)) < other))
    rows = rows[np.argsort(length[rows], kind="stable")]
    return [
        [names[row], names[other[row]], f"{length[row] / max(usual, 1e-9):.3f}"]
        for row in rows
        if frozenset((int(row), int(other[row]))) not in known
    ]


def _sort(groups: Groups, items: Items, rows, labels, doubles: list[Double], target: Path, *, is_link: bool) -> None:
    """Copy or link what is kept."""
    left_out = {each.place for each in doubles}
    kept = [row for row in range(len(rows)) if row not in left_out]
    digits = len(str(len(groups.centres)))
    folders = [f"group-{labels[row]:0{digits}d}" if labels[row] >= 0 else "no-group" for row in kept]
    if items.book is not None:
        sort_into(target, items.book, [int(rows[row]) for row in kept], folders, is_link=is_link)
