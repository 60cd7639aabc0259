"""What can be chosen about self-play."""

from __future__ import annotations

from dataclasses import dataclass

from onward.core.settings import setting

__all__ = ["Settings"]


@dataclass(frozen=True)
class Settings:
    """How a game is learned. The defaults are for a home's two cores and ten minutes."""

    preset: str | None = setting(
        None, "Size of the network; by default what the minutes allow.", choices=("tiny", "small", "base")
    )
    simulations: int = setting(
        16, "Positions a search looks at halfway; half as many at first, twice as many in the end.", 2, 4096
    )
    search: str = setting("gumbel", "Rule of the search.", choices=("gumbel", "puct"))
    from_: str | None = setting(None, "A run to go on from, perhaps on a smaller board.")
    actors: int | None = setting(None, "Processes that play; by default one a core.", 1, 256)
    cluster: str = setting(
        "", "Ray cluster whose machines play: its address, or `local`; say how many by --actors.", rare=True
    )
    games: int = setting(128, "Games that each of them plays at once.", 1, 4096)
    batch_size: int = setting(128, "Rows of a training step.", 2, 65_536)
    learning_rate: float = setting(2e-3, "Learning rate.", 1e-7, 1.0)
    reuse: float = setting(4.0, "How often a row is learned from.", 0.0, 100.0)
    looks: int | None = setting(
        None, "Positions an actor looks at in a round; by default a few seconds' worth.", 1, 10_000_000, rare=True
    )
    dear_share: float = setting(0.5, "Share of moves searched in full and learned from.", 0.01, 1.0, rare=True)
    opening_share: float = setting(0.5, "Share of games that begin with random moves.", 0.0, 1.0, rare=True)
    window: float = setting(0.35, "Share of all rows that is kept to learn from.", 0.01, 1.0, rare=True)
    blocks: int | None = setting(None, "Residual blocks, instead of a preset's.", 0, 100, rare=True)
    channels: int | None = setting(None, "Channels, instead of a preset's.", 4, 1024, rare=True)
    measured: int = setting(
        600, "Most positions, and six times the games, by which strength is measured.", 6, rare=True
    )
