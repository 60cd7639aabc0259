"""Put a run of `selfplay` into the zoo: float16 weights, its record, and a card with figures measured on what is kept.

python -m benchmarks zoo_game runs/selfplay-connect_four-001 --name connect-four
"""

from __future__ import annotations

import argparse
import json
from pathlib import Path

from safetensors.torch import save_file

import onward.zoo
from onward.broad.selfplay.scores import evaluate
from onward.broad.selfplay.trained import WEIGHTS, load
from onward.core.budget import spoken_duration
from onward.core.folder import Folder
from onward.core.metrics import Score
from onward.core.run import Run

PLACE = Path(onward.zoo.__file__).parent
SECONDS = 240.0
LARGEST_BYTES = 2_000_000
CARD = """# {name}: a player of {title}

- **Made by** `onward train selfplay {address} --time {minutes:g}m --seed {seed}{more}`: {steps:,} rounds in {spent} on
  {actors} processor core(s).
- **Data**: none. It was told the rules and played against itself.
- **Recipe**: see `docs/selfplay.md`. {blocks} blocks of {channels} channels, {weights:,} weights, float16.
- **Figures** of these weights, each beside the same search with a network that learned nothing:
{figures}
- **Use**: `onward apply zoo:{name}` plays in the terminal; `onward apply zoo:{name} --against mcts:1000` a match;
  `onward train selfplay {address} --from zoo:{name}` goes on from it.
"""
KEPT = ("schema", "version", "task", "status", "seed", "device", "budget", "elapsed_seconds", "steps_done", "selfplay")


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, help="the folder of a finished run of selfplay")
    parser.add_argument("--name", required=True, help="what it shall be called: zoo:NAME")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="to measure in")
    parser.add_argument("--place", type=Path, default=PLACE, help="where the zoo is")
    given = parser.parse_args(words)
    folder = Folder(given.run)
    place: Path = given.place / given.name
    place.mkdir(parents=True, exist_ok=True)
    _write_weights(folder, place)
    record = folder.record
    facts = record["selfplay"]
    words = ",".join(f"{key}={value}" for key, value in facts["parameters"].items())
    data = {
        **record["data"],
        "address": f"{facts['game']}({words})" if words else facts["game"],
    }  # never a file's place
    page = {**{key: record[key] for key in KEPT}, "name": given.name, "created": 0, "data": data}
    (place / "run.json").write_text(json.dumps(page, indent=1) + "\n", encoding="utf-8")
    (place / "settings.json").write_text(json.dumps(folder.settings, indent=1) + "\n", encoding="utf-8")
    card = _card(Folder(place), given.name, given.seconds)
    (place / "README.md").write_text(card, encoding="utf-8")
    print(card)


def _write_weights(folder: Folder, place: Path) -> None:
    state = load(Run(folder)).network.state_dict()
    halved = {name: each.half() if each.is_floating_point() else each for name, each in state.items()}
    save_file({name: each.contiguous() for name, each in halved.items()}, str(place / WEIGHTS))
    if (size := (place / WEIGHTS).stat().st_size) > LARGEST_BYTES:
        raise SystemExit(f"{place / WEIGHTS} has {size:,} bytes; the zoo takes {LARGEST_BYTES:,}.")


def _card(folder: Folder, name: str, seconds: float) -> str:
    """Measure what the zoo holds, and write its card."""
    trained = load(Run(folder))
    found = [result for result in evaluate(trained, trained.game, seconds) if isinstance(result, Score)]
    figures = "\n".join(
        f"  {score.name}: {score.value:g} % ({score.interval[0]:g} to {score.interval[1]:g} %; {score.count} asked or "
        f"played), without learning {score.baseline.value:g} %;"
        for score in found
    )
    record, settings = folder.record, folder.settings
    changed = {key: entry["value"] for key, entry in settings.items() if entry["from"] == "flag" and key != "actors"}
    return CARD.format(
        name=name,
        title=trained.game.title,
        address=record["data"]["address"],
        minutes=record["budget"]["seconds"] / 60,
        seed=record["seed"],
        more="".join(f" --set {key.rstrip('_')}={value}" for key, value in changed.items()),
        steps=record["steps_done"],
        spent=spoken_duration(record["elapsed_seconds"]),
        actors=record["selfplay"]["actors"],
        blocks=record["selfplay"]["blocks"],
        channels=record["selfplay"]["channels"],
        weights=sum(each.numel() for each in trained.network.parameters()),
        figures=figures.rstrip(";") + ".",
    )
