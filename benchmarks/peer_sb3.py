"""The peer: stable-baselines3's PPO, in an environment of its own (`pip install stable-baselines3 gymnasium[box2d]`).

    python benchmarks/peer_sb3.py CartPole-v1 --seconds 30 --settings defaults

`defaults` is what its documentation shows; `tuned` are the published settings of its zoo (rl-baselines3-zoo, ppo.yml),
with as many steps as the time allows, and its schedules run over the number of steps that the zoo gives.
Prints one line of JSON: steps, seconds of learning, and the returns of greedy episodes from fixed seeds.
"""

from __future__ import annotations

import argparse
import json
import time

TUNED = {
    "CartPole-v1": {
        "environments": 8,
        "steps": 100_000,
        "words": {"n_steps": 32, "batch_size": 256, "gae_lambda": 0.8, "gamma": 0.98, "n_epochs": 20, "ent_coef": 0.0},
        "falling": {"learning_rate": 0.001, "clip_range": 0.2},
    },
    "LunarLander-v3": {
        "environments": 16,
        "steps": 1_000_000,
        "words": {
            "n_steps": 1024,
            "batch_size": 64,
            "gae_lambda": 0.98,
            "gamma": 0.999,
            "n_epochs": 4,
            "ent_coef": 0.01,
        },
        "falling": {},
    },
}


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("environment")
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--settings", choices=("defaults", "tuned"), default="defaults")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--episodes", type=int, default=100)
    given = parser.parse_args()

    import gymnasium
    import torch
    from stable_baselines3 import PPO
    from stable_baselines3.common.callbacks import BaseCallback
    from stable_baselines3.common.env_util import make_vec_env

    torch.set_num_threads(1)

    class Clock(BaseCallback):
        """End when the time is over."""

        def _on_training_start(self) -> None:
            self.began = time.monotonic()

        def _on_step(self) -> bool:
            return time.monotonic() - self.began < given.seconds

    tuned = TUNED[given.environment] if given.settings == "tuned" else None
    count, words, steps = 1, {}, 10**9
    if tuned is not None:
        count, steps = tuned["environments"], tuned["steps"]
        falling = {name: (lambda left, top=top: left * top) for name, top in tuned["falling"].items()}
        words = {**tuned["words"], **falling}
    model = PPO(
        "MlpPolicy", make_vec_env(given.environment, count, seed=given.seed), seed=given.seed, device="cpu", **words
    )
    began, used = time.monotonic(), time.process_time()
    model.learn(steps, callback=Clock())
    seconds, used = time.monotonic() - began, time.process_time() - used
    returns = []
    single = gymnasium.make(given.environment)
    for number in range(given.episodes):
        observed, _ = single.reset(seed=1000 + number)
        total, over = 0.0, False
        while not over:
            action, _ = model.predict(observed, deterministic=True)
            observed, reward, terminated, truncated, _ = single.step(action)
            total, over = total + float(reward), terminated or truncated
        returns.append(total)
    facts = {"steps": model.num_timesteps, "seconds": seconds, "processor_seconds": used, "returns": returns}
    print(json.dumps(facts))


if __name__ == "__main__":
    main()
