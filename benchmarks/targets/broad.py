"""What the broad path was to show: games, agents, groups, few labels, codecs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from statistics import mean

from benchmarks.targets.reading import (
    Figure,
    Reading,
    Section,
    Target,
    cell,
    difference,
    first_of,
    number_in,
    ratio,
    share,
    total,
)

_FOUR = {"game": "connect_four", "minutes": "10"}
_PACE = {"environment": "CartPole-v1", "round": "0"}
_SHOWN = ("95 % interval", "of", "untrained")


_ALL = ", all put afterwards"


def _four(measured: str, asked: str, least: float, headline: str = "") -> Target:
    places = (
        cell("selfplay", "value", {**_FOUR, "measured": each}, beside=_SHOWN) for each in (measured + _ALL, measured)
    )
    return Target("selfplay", f"Connect Four in 10 min: {asked}", first_of(*places), least, headline=headline)


def _against(section: str, other: str, ours: str = "either") -> Reading:
    where = {"against": other, "ours": ours}
    return cell(f"selfplay-against-{section}", "points, %", where, beside=["95 % interval", "games", "different"])


def _fashion(column: str, groups: str, of: Callable[[Sequence[float]], float] = mean) -> Reading:
    """Take the mean over seeds, or the least or the most, of runs whose number of groups was `found` or `asked for`."""

    def read(sections: Mapping[str, Section]) -> Figure | None:
        if (section := sections.get("cluster-fashion")) is None:
            return None
        texts = [row[column] for row in section.rows if row["groups"].endswith(groups)]
        values = [value for text in texts if (value := number_in(text)) is not None]
        if not values:
            return None
        value = of(values)
        return Figure(f"{value:.3g}", value, section, f"of {len(values)} seeds: {', '.join(texts)}")

    return read


def _pace_beside(section: str, peer: str) -> Reading:
    ways = (
        cell(section, "positions/s", {"whose": f"Onward, {way}"}) for way in ("playing alone", "learning meanwhile")
    )
    return ratio(first_of(*ways), cell(section, "positions/s", {"whose": peer}), 1)


def _faster(peer: str) -> Target:
    return Target(
        "selfplay",
        f"20x the positions a second of {peer}, 32 simulations, networks of one size",
        first_of(*(_pace_beside(section, peer) for section in ("selfplay-peers-tiny", "selfplay-peers"))),
        20,
        tried="products instead of convolutions in the heads, a network of bytes, legal moves by a list, larger "
        "batches, a graph of positions that searches share; a look's 30 us are a third the network, a sixth each the "
        "rules and the tree, the rest Python between. Next: rules and tree in one compiled loop",
    )


BROAD = (
    Target(
        "selfplay",
        "tic-tac-toe in 1 min: every decisive state right with 32 simulations",
        first_of(
            *(
                cell(
                    section,
                    "value",
                    {"game": "tic_tac_toe", "measured": f"result kept with 32 looks{_ALL}"},
                    beside=["of"],
                )
                for section in ("selfplay-tic-tac-toe", "selfplay")
            )
        ),
        100,
    ),
    _four("result kept by the network alone", "86 % of moves keep the result, the policy alone", 86),
    _four(
        "result kept with 64 looks",
        "95 % with 64 simulations",
        95,
        "Connect Four after 10 min, moves that keep the result, in %",
    ),
    Target(
        "selfplay",
        "Connect Four in 10 min: 95 % against MCTS with 1,000 rollouts",
        _against("connect-four-10", "mcts:1000"),
        95,
        tried=(
            "61 % on one core at first, 89 % on two slower ones, 91 % of 60 games; then a cooldown, a shorter window, "
            "rows told apart by parity and the larger network. 200 games from other openings: 96 %. A quarter of the "
            "random openings are lost for who plays them. Learning less and playing more was weaker. Two threads to "
            "learn and bfloat16 give a tenth more rounds and 92 %. On one core 94 %, and with ends that are worth less "
            "the later they come 92 %"
        ),
    ),
    Target(
        "selfplay",
        "Connect Four in 30 min: 80 % against MCTS with 10,000 rollouts",
        _against("connect-four-30", "mcts:10000"),
        80,
    ),
    _faster("alpha-zero-general"),
    _faster("OpenSpiel, search in Python"),
    Target(
        "selfplay",
        "90 % of 100 games against alpha-zero-general after 10 min each",
        cell("selfplay-match", "points of ours, %", {"ours moved": "either"}, beside=["95 % interval"]),
        90,
    ),
    Target(
        "selfplay",
        "90 % of 100 games against OpenSpiel's AlphaZero after 10 min each",
        cell("selfplay-match-openspiel", "points of ours, %", {"ours moved": "either"}, beside=["95 % interval"]),
        90,
    ),
    Target(
        "selfplay",
        "Go 5x5, komi 24: 80 % as Black against GNU Go level 1 in 10 min",
        _against("go-board-size-5-komi-24-10", "gnugo:1", "first"),
        80,
    ),
    Target(
        "selfplay",
        "Go 7x7: 50 % against GNU Go level 1 in 30 min",
        _against("go-board-size-7-komi-9-30", "gnugo:1"),
        50,
    ),
    Target(
        "selfplay",
        "Go 7x7: a figure against level 10 at 60 min",
        _against("go-board-size-7-komi-9-60", "gnugo:10"),
        0,
    ),
    Target(
        "selfplay",
        "Go 9x9: 40 % against level 1 in 60 min, from the 7x7 network",
        _against("go-9-60", "gnugo:1"),
        40,
    ),
    Target(
        "selfplay",
        "1.8x the games a second on two cores",
        ratio(
            cell("selfplay-speed", "games/s", {"processes": "2"}, beside=["against one"]),
            cell("selfplay-speed", "games/s", {"processes": "1"}),
            2,
        ),
        1.8,
        tried="positions a second grow 1.84x; who has learned more plays longer games",
    ),
    Target(
        "selfplay",
        "a GTP session of 20 games with GNU Go, scored alike by both, %",
        _against("go-board-size-7-komi-9-30", "gnugo:1", "scored alike by both"),
        100,
    ),
    Target(
        "selfplay",
        "killed and resumed, 2 x 5 min are within 2 points of 10 min (less than nothing is better)",
        difference(
            cell("selfplay", "value", {**_FOUR, "measured": f"result kept with 64 looks{_ALL}"}),
            cell("selfplay-killed", "value", {**_FOUR, "measured": f"result kept with 64 looks{_ALL}"}),
        ),
        most=2,
    ),
    Target(
        "control",
        "CartPole-v1: 500 of 500 in 30 s",
        cell("control_cartpole", "mean return", {**_PACE, "who": "Onward"}, beside=["interval", "seconds"]),
        500,
        headline="CartPole-v1 after 30 s, mean return of 500",
    ),
    Target(
        "control",
        "LunarLander-v3: 200 in 10 min",
        cell("control_ten_minutes", "mean return", {"who": "Onward"}, beside=["interval"]),
        200,
        headline="LunarLander-v3 after 10 min, mean return",
    ),
    Target(
        "control",
        "3x the steps a second of stable-baselines3's PPO (tuned)",
        ratio(
            cell("control_cartpole", "turns a CPU second", {**_PACE, "who": "Onward"}),
            cell("control_cartpole", "turns a CPU second", {**_PACE, "who": "stable-baselines3, tuned"}),
            1,
        ),
        3,
    ),
    Target(
        "cluster",
        "Fashion-MNIST without labels: accuracy .60",
        _fashion("accuracy", "found"),
        0.60,
        headline="Fashion-MNIST in groups without a label, accuracy, mean of three seeds",
    ),
    Target("cluster", "Fashion-MNIST: NMI .62", _fashion("NMI", "found"), 0.62),
    Target("cluster", "Fashion-MNIST: accuracy 1.25x of k-means on pixels", _fashion("ratio", "found"), 1.25),
    *(
        Target("cluster", f"the same, told that there are ten groups: {asked}", _fashion(column, "asked for"), least)
        for asked, column, least in (
            ("accuracy .60", "accuracy", 0.6),
            ("NMI .62", "NMI", 0.62),
            ("1.25x", "ratio", 1.25),
        )
    ),
    Target("cluster", "Fashion-MNIST: at least 7 groups", _fashion("groups", "found", min), 7),
    Target("cluster", "Fashion-MNIST: at most 13 groups", _fashion("groups", "found", max), None, 13),
    Target(
        "cluster",
        "CIFAR-10: accuracy, beside k-means on pixels",
        cell("cluster-cifar", "ratio", {}, beside=["accuracy", "NMI"]),
        1,
    ),
    Target(
        "cluster",
        "doubles among 10,000 real pictures: recall .95",
        cell("cluster-doubles", "recall", {}, beside=["planted"]),
        0.95,
        headline="planted doubles found among 10,000 real pictures",
    ),
    Target(
        "cluster",
        "doubles: precision .99",
        cell("cluster-doubles", "precision", {}, beside=["found"]),
        0.99,
        tried="all 8 others found were looked at: they are doubles that the set holds by itself, cut or stretched",
    ),
    Target(
        "cluster",
        "doubles: in 10 minutes",
        total(cell("cluster-doubles", "train, s", {}), cell("cluster-doubles", "apply, s", {})),
        most=600,
        tried="on a quarter of a core, 162 of its own seconds",
    ),
    Target(
        "cluster",
        "doubles: the folder is as it was",
        share("cluster-doubles", "folder as it was", lambda text: text == "yes"),
        1,
    ),
    Target(
        "semi",
        "Fashion-MNIST, 40 labels: 3 points over labels alone",
        cell("semi-fashion-mnist", "gain, points (95 % interval of the mean)", {"labels": "40"}),
        3,
        headline="Fashion-MNIST with 40 labels and a pool, points above the labels alone",
    ),
    Target(
        "semi",
        "never worse by more than .5",
        cell("semi-fashion-mnist", "least gain of a draw", {"labels": "40"}),
        -0.5,
    ),
    *(
        Target(
            "semi",
            f"CIFAR-10, {labels} labels: {100 * least:.0f} % in 20 min",
            first_of(
                cell("semi-run-cifar10", "accuracy", {"labels": labels}, beside=["labels alone", "took", "of"]),
                cell("semi-cifar10", "kept, mean of draws", {"labels": labels}, beside=["labels alone, same features"]),
            ),
            least,
        )
        for labels, least in (("40", 0.55), ("250", 0.72), ("4000", 0.82))
    ),
    Target(
        "semi",
        "which to label, one a class: 5 points",
        cell(
            "semi-next-fashion-mnist",
            "over one a class, points",
            {},
            beside=["by lot, one a class", "proposed (typical)"],
        ),
        5,
    ),
    Target(
        "compress",
        "a folder of one kind in 20 min: BD-rate -30 % against optimised JPEG",
        cell("compress-folder", "BD-rate against JPEG", {"folder": "bccd"}, beside=["pictures measured"]),
        most=-30,
        headline="a microscope's pictures after 5 min, bytes at equal quality against JPEG",
    ),
    Target(
        "compress",
        "one picture: -25 % against JPEG",
        cell(
            "compress-single",
            "BD-rate against JPEG",
            {"middle 256 pixels of": "mean"},
            beside=["BD-rate against WebP", "BD-rate against AVIF"],
        ),
        most=-25,
        headline="256 x 256 pixels fitted for 75 s, kernels compiled before, bytes at equal quality against JPEG",
    ),
    Target(
        "compress",
        "one picture: no worse than WebP",
        cell("compress-single", "BD-rate against WebP", {"middle 256 pixels of": "mean"}),
        most=0,
    ),
    Target(
        "compress",
        "the same symbols under eight habits",
        share("compress-exact", "symbols of 768 x 512", lambda text: text == "identical"),
        1,
    ),
    Target(
        "compress",
        "pixels within 1 of each other",
        share("compress-exact", "largest difference of a pixel, of 255", lambda text: text in ("0", "1")),
        1,
    ),
    Target(
        "compress",
        "768x512 decoded in 3 s",
        cell("compress-exact", "decoding", {"habit": "2 threads"}),
        most=3,
        tried="by the clock of a shared core; 1.05 to 1.95 of its own seconds",
    ),
    Target(
        "compress",
        "1,000 flipped bytes: every one noticed, no crash",
        share("compress-damage", "not noticed", lambda text: text == "0"),
        1,
    ),
)
