"""Put a run's generator into the zoo as `zoo:horses`: float16 weights, its record, and a card with measured figures."""

from __future__ import annotations

import argparse
import json
from pathlib import Path

import torch
from safetensors.torch import save_file

from benchmarks.gan import measure
from onward.core.budget import spoken_duration
from onward.core.folder import Folder
from onward.core.run import Run
from onward.core.task import Source
from onward.generation.gan import judge as judging
from onward.generation.gan.drawing import load
from onward.generation.gan.reading import read
from onward.generation.gan.settings import Settings

PLACE = Path(judging.__file__).resolve().parents[2] / "zoo" / "horses"
CARD = """# horses: a generator of CIFAR-10's horses

- **Made by** `onward train gan cifar10:horse --time {minutes:g}m --seed {seed}`: {steps:,} steps in {spent} on
  {threads} processor core(s).
- **Data**: the 5,000 training horses of CIFAR-10 (Krizhevsky 2009; for research), 32 pixels, re-encoded as JPEG.
- **Recipe**: see `docs/gan.md`. {weights:.1f} million weights, float16.
- **Figures** (5,000 samples, outside judge): distance {distance:.2f}, called horse {horse:.0%} (real test horses:
  89 %), precision {precision:.2f}, recall {recall:.2f}, copying ratio {copying:.2f}. The distance is not
  Inception's FID.
- **Use**: `onward apply zoo:horses --count 64`
"""


def main(words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("run", type=Path, help="the folder of a finished run on CIFAR-10's horses")
    folder = Folder(parser.parse_args(words).run)
    network = load(Run(folder)).network
    gallery = read(Source((folder.record["data"]["address"],)), Settings(size=32))
    state = {name: each.half() if each.is_floating_point() else each for name, each in network.state_dict().items()}
    save_file({name: each.contiguous() for name, each in state.items()}, str(PLACE / "generator.safetensors"))
    with torch.no_grad():
        network.load_state_dict({name: each.float() for name, each in state.items()})  # what float16 keeps is measured
    figures = measure(network, gallery)
    record = folder.record
    kept = (
        "schema",
        "version",
        "task",
        "status",
        "seed",
        "device",
        "budget",
        "elapsed_seconds",
        "steps_done",
        "generator",
    )
    data = {
        "address": "cifar10:horse",
        "kind": None,
        "fingerprint": gallery.fingerprint,
        "findings": ["CIFAR-10's 5,000 training horses, 32 px."],
    }
    page = {**{key: record[key] for key in kept}, "name": "horses", "created": 0, "data": data}
    (PLACE / "run.json").write_text(json.dumps(page, indent=1) + "\n", encoding="utf-8")
    (PLACE / "settings.json").write_text(json.dumps(folder.settings, indent=1) + "\n", encoding="utf-8")
    card = CARD.format(
        minutes=record["budget"]["seconds"] / 60,
        seed=record["seed"],
        steps=record["steps_done"],
        spent=spoken_duration(record["elapsed_seconds"]),
        threads=record["machine"]["threads"],
        weights=sum(each.numel() for each in network.parameters()) / 1e6,
        **figures,
    )
    (PLACE / "README.md").write_text(card, encoding="utf-8")
    print(card)
