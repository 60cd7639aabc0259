"""What can be chosen: for grouping (`Settings`), and for what is done with the groups (`Sorting`)."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Settings", "Sorting"]


@dataclass(frozen=True)
class Settings:
    """How items are looked at and grouped; no label is used for any of it."""

    clusters: int | None = setting(None, "How many groups; by itself as many as are found again in halves.", 2, 500)
    method: str = setting("auto", "How groups are made.", choices=("auto", "k-means", "mixture", "hdbscan", "heads"))
    encoder: str = setting("auto", "What pictures are told by: auto, lite0, pixels, autoencoder, timm/NAME.")
    size: int | None = setting(None, "Side in pixels at which pretrained eyes look.", 32, 512)
    text: str | None = setting(None, "Column of a table that holds texts to group.")
    label: str | None = setting(None, "Column of known classes: never learned from, only compared with at the end.")
    neighbours: int = setting(15, "Neighbours that an item is kept near to.", 2, 200)
    dimensions: int = setting(6, "Numbers an item is reduced to.", 2, 50, rare=True)
    most_clusters: int = setting(30, "Groups to try at most.", 2, 500, rare=True)
    drawings: int = setting(800, "Steps in which an autoencoder learns.", 1, 1_000_000, rare=True)
    epochs: int = setting(150, "Rounds in which the map is made.", 10, 10_000, rare=True)


@dataclass(frozen=True)
class Sorting:
    """What `onward apply` does besides its tables; nothing that is there is ever changed."""

    copy: str | None = setting(None, "New folder to copy pictures into, a folder a group, doubles left out.")
    link: str | None = setting(None, "New folder of links instead of copies.")
    undo: str | None = setting(None, "Take back what --copy or --link made in this folder.")
