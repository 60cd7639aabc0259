"""The name of a game becomes the game."""

from __future__ import annotations

from onward.broad.selfplay.addresses import is_file
from onward.broad.selfplay.game import Game
from onward.broad.selfplay.settings import Settings
from onward.core.faults import DataFault
from onward.core.task import Source

__all__ = ["read"]


def read(source: Source, settings: Settings) -> Game:
    """Load the rules.

    Raises:
        DataFault: no such game, or one that cannot be learned by self-play.
        MachineFault: OpenSpiel is missing.
    """
    address = source.address
    if not address:
        raise DataFault("Name a game: onward train selfplay connect_four")
    if ("/" in address or "\\" in address) and not is_file(address):
        raise DataFault(f"{address} is neither a game nor a file that names one. Try connect_four, hex:7 or go:7.")
    return Game(address)
