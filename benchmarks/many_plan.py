"""What a thousand processes would come to: measured sizes, speeds and bandwidth, then arithmetic.

Measured here, in a minute or two: bandwidth and latency of an average over two processes of this machine, the size of
each task's gradient at its usual width, the processor seconds of one forward and backward pass; how fast an actor of
self-play plays and a learner learns. Then, by the model of a ring (2 (W − 1) / W times the bytes and 2 (W − 1)
messages a step), the part of the time that is left for learning when each of W processes keeps the same share of a
batch. Two assumptions, not measured: the network of a data centre carries 25 GB/s with 10 µs a message, and a GPU is a
hundred times as fast as the core here.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.many import together
from benchmarks.results import write_section

_CENTRE = (25e9, 10e-6)  # bytes a second, seconds a message: 200 Gbit/s
_PROCESSES = (2, 16, 128, 1000)
_PLAYED_SECONDS = 15.0
_LEARNED, _LEARNED_AGAIN = 256, 4


def main(words: list[str]) -> None:
    """Run it."""
    os.environ["OMP_NUM_THREADS"] = "1"
    torch.set_num_threads(1)
    bandwidth, latency = _measured()
    rows = []
    for name, network, call in _networks():
        count = sum(weight.numel() for weight in network.parameters() if weight.requires_grad)
        seconds = _seconds_a_step(call)
        here = [_efficiency(seconds, 4 * count, each, bandwidth, latency) for each in _PROCESSES]
        # a GPU is taken to be a hundred times as fast as this core
        there = [_efficiency(seconds / 100, 4 * count, each, *_CENTRE) for each in _PROCESSES]
        rows.append(
            [
                name,
                f"{count / 1e6:.2f} M",
                f"{4 * count / 1e6:.1f} MB",
                f"{1000 * seconds:.0f} ms",
                " / ".join(f"{share:.0%}" for share in here),
                " / ".join(f"{share:.0%}" for share in there),
            ]
        )
    counts = " / ".join(map(str, _PROCESSES))
    columns = [
        "task, share of a batch", "weights", "gradient", "step, one core",
        f"learning's share with {counts} processes, at {bandwidth / 1e9:.2f} GB/s and {1e6 * latency:.0f} µs",
        f"the same on GPUs a hundred times as fast, at {_CENTRE[0] / 1e9:.0f} GB/s and {1e6 * _CENTRE[1]:.0f} µs",
    ]  # fmt: skip
    write_section("many_plan", "A plan for a thousand", "python -m benchmarks many_plan", columns, rows)
    _selfplay()


def _efficiency(seconds: float, size: float, processes: int, bandwidth: float, latency: float) -> float:
    """Give learning's part of the time of a step whose gradient a ring of processes averages.

    Example:
        >>> round(_efficiency(1.0, 1e9, 2, 1e9, 0.0), 2)
        0.5
    """
    averaging = 2 * (processes - 1) / processes * size / bandwidth + 2 * (processes - 1) * latency
    return seconds / (seconds + averaging)


def _measured() -> tuple[float, float]:
    """Give the bandwidth of a ring, in bytes a second, and the latency of a message, between two processes here."""
    door = os.pipe()

    def work(rank: int) -> None:
        from onward.group import join

        group: Any = join(True, "benchmark")
        seconds = []
        for size in (2, 8_000_000):
            numbers = torch.zeros(size)
            taken = []
            for _ in range(8):
                began = time.perf_counter()
                group.total(numbers)
                taken.append(time.perf_counter() - began)
            seconds.append(min(taken))
        if rank == 0:
            os.write(door[1], f"{seconds[0]} {seconds[1]}".encode())
        group.finish()

    together(2, work)
    small, large = map(float, os.read(door[0], 1000).split())
    return 4 * 8_000_000 / max(1e-9, large - small), small / 2  # two messages of a ring of two


def _seconds_a_step(call: Callable[[], torch.Tensor]) -> float:
    """Give the processor seconds of a forward and backward pass: the least of three, whatever else the core does."""
    taken = []
    for _ in range(3):
        began = time.process_time()
        call().backward()
        taken.append(time.process_time() - began)
    return min(taken)


def _networks() -> list[tuple[str, Any, Callable[[], torch.Tensor]]]:
    """Give the five tasks' networks at their usual size, and a pass through each that ends in a number."""
    from onward.backbones import efficientnet_lite0
    from onward.generation.gan.networks import Generator, PixelDiscriminator
    from onward.language.memory_network import LanguageNetwork
    from onward.language.translate.network import Translator
    from onward.vision.classify.network import SeeingNetwork
    from onward.vision.detect.network import Detector

    generator, judge = Generator(32, 64), PixelDiscriminator(32, 64)
    players = torch.nn.ModuleList([generator, judge])
    seeing, reader = SeeingNetwork(10, 32, 32), LanguageNetwork(2000, 256, 2, "mingru")
    detector: Any = Detector(5, 96, efficientnet_lite0()).requires_grad_(True)
    translator: Any = Translator(2000, 256, 2)
    pieces = torch.randint(4, 2000, (20, 60))
    lengths = torch.full((60,), 20)

    def translated() -> torch.Tensor:
        told, _, _ = translator.write(pieces, *translator.begun(pieces, lengths))
        return translator.tell(told).square().mean()

    return [
        ("gan, 32 pictures of 32 pixels", players, lambda: judge(generator(torch.randn(32, 128))).mean()),
        ("classify, 128 pictures of 32 pixels", seeing, lambda: seeing(torch.randn(128, 3, 32, 32)).square().mean()),
        (
            "detect, 8 pictures of 320 pixels",
            detector,
            lambda: detector(torch.randn(8, 3, 320, 320))[0].square().mean(),
        ),
        (
            "language-model, 32 places, 64 moments",
            reader,
            lambda: reader(torch.randint(0, 2000, (64, 32)), reader.start(32))[0].square().mean(),
        ),
        ("translate, 1,200 pieces", translator, translated),
    ]


def _selfplay() -> None:
    """Say how many actors fill a learner: Connect Four, a small network, one core each."""
    import io

    from onward.broad.selfplay.actors import LocalCrew
    from onward.broad.selfplay.games import Job, Order
    from onward.broad.selfplay.messages import write_shard
    from onward.broad.selfplay.network import PRESETS, Network, Shape
    from onward.broad.selfplay.reading import read
    from onward.broad.selfplay.settings import Settings
    from onward.core.task import Source

    game = read(Source(("connect_four",)), Settings())
    shape = Shape.of(game, *PRESETS["small"])
    network = Network(shape)
    weights = {name: values.numpy().copy() for name, values in network.state_dict().items()}
    order = Order((0,), 32, 32, 8, 0.25, 0.1, looks=30_000, seconds=_PLAYED_SECONDS)
    crew, sent = LocalCrew(game, shape), io.BytesIO()
    crew.start([Job(order, weights, ())])
    began = time.process_time()
    (shard,) = crew.collect()
    moves = shard.moves / (time.process_time() - began)
    write_shard(sent, shard, game.actions)
    planes, scalars = torch.rand(_LEARNED, shape.planes, 6, 7), torch.rand(_LEARNED, shape.scalars)

    def learned() -> torch.Tensor:
        told = network(planes, scalars)
        return told.policy.square().mean() + told.value.square().mean()

    positions = _LEARNED / _seconds_a_step(learned)
    actors = positions / (_LEARNED_AGAIN * moves)
    size = sum(each.nbytes for each in weights.values())
    a_second = 1000 * moves * len(sent.getvalue()) / max(1, shard.moves)
    row = [
        f"{moves:.0f}",
        f"{len(sent.getvalue()) / max(1, shard.moves):.0f} bytes",
        f"{positions:,.0f}",
        f"{actors:.1f}",
        f"{1000 / max(actors, 0.001):,.0f}",
        f"{a_second / 1e6:.2f} MB/s",
        f"{size / 1e6:.2f} MB, {1000 * size / 60 / 1e6:.1f} MB/s",
    ]
    columns = [
        "moves a second of an actor",
        "sent a move",
        f"positions a second of a learner, each {_LEARNED_AGAIN} times",
        "actors that fill it",
        "learners that a thousand actors fill",
        "games of a thousand actors",
        "network, and sending it to a thousand once a minute",
    ]
    write_section("many_actors", "A thousand actors", "python -m benchmarks many_plan", columns, [row])
