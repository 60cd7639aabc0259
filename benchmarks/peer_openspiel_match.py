"""Let OpenSpiel's AlphaZero (in Python, on JAX) learn Connect Four for some seconds, then answer moves.

    PYTHON peer_openspiel_match.py SECONDS SIMULATIONS BLOCKS CHANNELS ACTORS

Run in its own environment. Its own learner and actors run as they are, with the figures of its own example but these: a
residual network and searches of our size, a buffer an eighth as large, of which it learns every 2,048 positions, since
ten minutes would not fill it twice, and no evaluators, which would take time from learning. When the time is over it
plays with the last weights that it saved. Then: a line of actions in, an action out.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

_EXPLORATION = 2.0


def configured(folder: str, simulations: int, blocks: int, channels: int, actors: int) -> Any:
    """Give its configuration."""
    from open_spiel.python.algorithms.alpha_zero import alpha_zero  # pyright: ignore[reportMissingImports]

    return alpha_zero.Config(
        game="connect_four", path=folder, learning_rate=0.001, weight_decay=1e-4, decouple_weight_decay=True,
        train_batch_size=128, replay_buffer_size=2**13, replay_buffer_reuse=4, max_steps=0, checkpoint_freq=25,
        actors=actors, evaluators=0, evaluation_window=50, eval_levels=7, uct_c=_EXPLORATION,
        max_simulations=simulations, policy_alpha=1.0, policy_epsilon=0.25, temperature=1.0, temperature_drop=4,
        nn_model="resnet", nn_width=channels, nn_depth=blocks, observation_shape=None, output_size=None,
        verbose=False, quiet=True,
    )  # fmt: skip


def learn(folder: str, *sizes: int) -> None:
    """Learn without end."""
    from open_spiel.python.algorithms.alpha_zero import alpha_zero  # pyright: ignore[reportMissingImports]

    alpha_zero.alpha_zero(configured(folder, *sizes))


def learned(folder: str, seconds: float, sizes: list[str]) -> dict[str, Any]:
    """Let it learn in processes of its own, and end them; say how far it came."""
    words = [sys.executable, __file__, "learn", folder, *sizes]
    process = subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=sys.stderr, start_new_session=True)
    time.sleep(seconds)
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    lines = (Path(folder) / "learner.jsonl").read_text(encoding="utf-8").splitlines()
    last = json.loads(lines[-1]) if lines else {}
    return {"iterations": last.get("step", 0), "games": last.get("total_trajectories", 0)}


def answer(folder: str, simulations: int, *sizes: int) -> None:
    """Answer moves with the last weights saved."""
    import numpy as np
    import pyspiel  # pyright: ignore[reportMissingImports]
    from open_spiel.python.algorithms import mcts  # pyright: ignore[reportMissingImports]
    from open_spiel.python.algorithms.alpha_zero import (  # pyright: ignore[reportMissingImports]
        alpha_zero,
        evaluator,
    )

    game = pyspiel.load_game("connect_four")
    shape, actions = game.observation_tensor_shape(), game.num_distinct_actions()
    config = configured(folder, simulations, *sizes).replace(observation_shape=shape, output_size=actions)
    model = alpha_zero._init_model_from_config(config)
    newest = max(Path(folder).glob("checkpoint-*[0-9]"), key=lambda path: path.stat().st_mtime)
    model.load_checkpoint(int(newest.name.removeprefix("checkpoint-")))
    judge = evaluator.AlphaZeroEvaluator(game, model)
    bot = mcts.MCTSBot(
        game, _EXPLORATION, simulations, judge, solve=False, random_state=np.random.RandomState(0),
        child_selection_fn=mcts.SearchNode.puct_value, dont_return_chance_node=True,
    )  # fmt: skip
    for line in sys.stdin:
        state = game.new_initial_state()
        for action in json.loads(line):
            state.apply_action(action)
        print(int(bot.step(state)), flush=True)


def main(words: list[str]) -> None:
    """Learn, then answer."""
    if words[0] == "learn":
        learn(words[1], *map(int, words[2:]))
        return
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(learned(folder, float(words[0]), words[1:])), flush=True)
        answer(folder, *map(int, words[1:]))


if __name__ == "__main__":
    main(sys.argv[1:])
