"""Language models at equal time: ours, nanoGPT's recipe for processors, and the word model of pytorch/examples."""

from __future__ import annotations

import argparse
import json
import math
import os
import re
import signal
import statistics
import subprocess
import sys
import tempfile
from collections import Counter
from pathlib import Path

from benchmarks.results import command, real_data, write_section
from onward.core.metrics import read_metrics

COLUMNS = ("text", "minutes", "seed", "model", "width", "nats a character", "perplexity", "5-gram", "times read")
NANOGPT_SETTINGS = {
    "device": "cpu", "compile": "False", "dtype": "float32", "eval_iters": "200", "log_interval": "50",
    "block_size": "64", "batch_size": "12", "n_layer": "4", "n_head": "4", "n_embd": "128", "dropout": "0.0",
    "always_save_checkpoint": "False",
}  # fmt: skip


def shakespeare(place: Path) -> Path:
    """Write nine tenths of the plays to learn from and the last tenth to be tested on: nanoGPT's own parting."""
    text = (real_data() / "text" / "tinyshakespeare" / "input.txt").read_text(encoding="utf-8")
    cut = int(0.9 * len(text))
    folder = place / "shakespeare"
    folder.mkdir()
    (folder / "train.txt").write_text(text[:cut], encoding="utf-8")
    (folder / "test.txt").write_text(text[cut:], encoding="utf-8")
    return folder


def words(place: Path) -> Path:
    """Write a million words of plays, captions, reviews, questions and messages, as word models take them.

    Words seen fewer than three times in the part to learn from are `<unk>` in all parts, so that every model has the
    same ones. Of each forty blocks of fifty lines one is to choose by and one to test.
    """
    texts = real_data() / "text"
    sources = ["tinyshakespeare/input.txt", "multi30k/train.en", "mr_rt_polarity/rt-polarity.pos"]
    sources += ["mr_rt_polarity/rt-polarity.neg", "sst2/stsa.binary.train", "sms_spam/sms.tsv", "trec/TREC.train"]
    parts: dict[str, list[list[str]]] = {"train": [], "valid": [], "test": []}
    number = 0
    for source in sources:
        lines = (texts / source).read_bytes().decode("latin-1").lower().split("\n")
        for begin in range(0, len(lines), 50):
            part = {0: "valid", 20: "test"}.get(number % 40, "train")
            tokens = [re.findall(r"[^\W_]+|[^\w\s]", line) for line in lines[begin : begin + 50]]
            parts[part] += [line for line in tokens if line]
            number += 1
    counts = Counter(word for line in parts["train"] for word in line)
    folder = place / "words"
    folder.mkdir()
    for part, lines in parts.items():
        kept = (" ".join(word if counts[word] >= 3 else "<unk>" for word in line) for line in lines)
        (folder / f"{part}.txt").write_text("\n".join(kept) + "\n", encoding="utf-8")
    return folder


def ours(folder: Path, minutes: float, seed: int, settings: list[str], runs: Path) -> tuple[str, ...]:
    """Train one of ours and give what it says of itself, in the order of the columns."""
    name = f"{folder.name}-{minutes:g}-{seed}-{'-'.join(settings).replace('=', '') or 'default'}"
    typed = ["train", "language-model", str(folder), "--time", f"{minutes * 60:g}s", "--seed", str(seed)]
    typed += [word for each in settings for word in ("--set", each)]
    typed += ["--out", str(runs), "--name", name]
    subprocess.run([sys.executable, "-m", "onward", *typed], check=True, stdout=subprocess.DEVNULL)
    path = runs / name
    told = subprocess.run(
        [sys.executable, "-m", "onward", "evaluate", str(path), "--json"], check=True, capture_output=True, text=True
    ).stdout  # on the whole test part, where training had no time for it
    scores = {fact["name"]: fact for fact in json.loads(told)["scores"]}
    bits = scores.get("bits per byte")
    perplexity = next(fact for word, fact in scores.items() if word.startswith("perplexity"))
    record = (path / "run.json").read_text(encoding="utf-8")
    width = re.search(r'"width": (\d+)', record)
    notes = " ".join(fact["sentence"] for fact in read_metrics(path / "metrics.jsonl", "note"))
    epochs = re.search(r"read ([\d.]+) times", notes)
    factor = math.log(2)
    return (
        f"{width[1] if width else '?'}",
        f"{bits['value'] * factor:.3f}" if bits else "",
        f"{perplexity['value']:.2f}",
        f"{bits['baseline']['value'] * factor:.3f}" if bits else f"{perplexity['baseline']['value']:.2f}",
        f"{epochs[1] if epochs else '?'}",
    )


def nanogpt(source: Path, folder: Path, minutes: float, seed: int, python: str) -> float:
    """Run nanoGPT's own script with its processor settings, as many turns as the minutes allow; its validation loss."""
    data = source / "data" / "shakespeare_char"
    whole = (folder / "train.txt").read_text(encoding="utf-8") + (folder / "test.txt").read_text(encoding="utf-8")
    (data / "input.txt").write_text(whole, encoding="utf-8")
    offline = "import sys, types; sys.modules['requests'] = types.ModuleType('requests'); import runpy; "
    script = f"{offline} runpy.run_path('prepare.py', run_name='__main__')"
    subprocess.run([python, "-c", script], cwd=data, check=True, stdout=subprocess.DEVNULL)
    times = [float(each) for each in re.findall(r"time ([\d.]+)ms", _nanogpt(source, python, 400, seed))]
    turns = round(minutes * 60_000 / statistics.median(times))  # the first and the last hold an examination
    told = _nanogpt(source, python, turns, seed)
    return float(re.findall(r"val loss ([\d.]+)", told)[-1])


def _nanogpt(source: Path, python: str, turns: int, seed: int) -> str:
    settings = {**NANOGPT_SETTINGS, "max_iters": turns, "lr_decay_iters": turns, "eval_interval": turns}
    words = [f"--{name}={value}" for name, value in settings.items()]
    script = f"import torch; torch.manual_seed({seed}); import runpy; runpy.run_path('train.py', run_name='__main__')"
    typed = [python, "-c", script, "config/train_shakespeare_char.py", *words]
    return subprocess.run(typed, cwd=source, check=True, capture_output=True, text=True).stdout


def word_model(source: Path, folder: Path, minutes: float, seed: int, python: str, flags: list[str]) -> str:
    """Run the word model of pytorch/examples for some minutes; its perplexity on the test part."""
    with tempfile.TemporaryDirectory() as place:
        # in the background Ctrl-C is ignored unless it is asked for
        script = "import runpy, signal; signal.signal(signal.SIGINT, signal.default_int_handler); "
        script += "runpy.run_path('main.py', run_name='__main__')"
        typed = [
            python,
            "-c",
            script,
            "--data",
            str(folder),
            "--seed",
            str(seed),
            "--save",
            f"{place}/model.pt",
            *flags,
        ]
        running = subprocess.Popen(
            typed, cwd=source / "word_language_model", stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        try:
            told, _ = running.communicate(timeout=minutes * 60)
        except subprocess.TimeoutExpired:
            running.send_signal(signal.SIGINT)  # it tests its best epoch then
            told, _ = running.communicate()
    tested = re.findall(r"End of training.*test ppl\s+([\d.]+)", told)
    learned = re.findall(r"epoch\s+(\d+) \|\s+(\d+)/\s*(\d+) batches.*ppl\s+([\d.]+)", told)
    if not tested and learned:  # it keeps no network before its first epoch has ended
        epoch, batches, all_batches, perplexity = learned[-1]
        return f"none; {perplexity} on what it learns from, epoch {epoch}, batch {batches} of {all_batches}"
    return tested[-1]


def main(given_words: list[str]) -> None:
    """Run it."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--texts", nargs="+", default=["shakespeare"], choices=["shakespeare", "words"])
    parser.add_argument("--minutes", type=float, nargs="+", default=[3])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    parser.add_argument("--settings", nargs="*", default=[""], help="of ours, as in cell=lstm,width=256")
    parser.add_argument("--nanogpt", type=Path, help="a copy of its repository")
    parser.add_argument("--examples", type=Path, help="a copy of pytorch/examples")
    parser.add_argument("--peer-python", default=sys.executable, help="a Python that has torch")
    parser.add_argument("--peer-flags", nargs="+", default=["", "--emsize 650 --nhid 650 --dropout 0.5 --tied"])
    parser.add_argument("--runs", type=Path, help="keep our runs in this folder")
    parser.add_argument("--section", default="language-model", help="of RESULTS.md")
    given = parser.parse_args(given_words)
    rows: list[list[str]] = []

    def tell(text: str, minutes: float, seed: int, model: str, *figures: str) -> None:
        rows.append([text, f"{minutes:g}", str(seed), model, *figures])
        told = f"python -m benchmarks language_model {command(given_words)}"
        write_section(given.section, "Language models at equal time", told, COLUMNS, rows)

    with tempfile.TemporaryDirectory() as place:
        os.environ.setdefault("OMP_WAIT_POLICY", "passive")
        for text in given.texts:
            folder = {"shakespeare": shakespeare, "words": words}[text](Path(place))
            for minutes in given.minutes:
                for seed in given.seeds:
                    for setting in given.settings:
                        chosen = [each for each in setting.split(",") if each]
                        chosen += ["level=words"] if text == "words" else []
                        found = ours(folder, minutes, seed, chosen, given.runs or Path(place) / "runs")
                        tell(text, minutes, seed, f"Onward {setting}", *found)
                    if given.nanogpt and text == "shakespeare":
                        nats = nanogpt(given.nanogpt, folder, minutes, seed, given.peer_python)
                        tell(text, minutes, seed, "nanoGPT", "128", f"{nats:.3f}", f"{math.exp(nats):.2f}", "", "")
                    for flags in given.peer_flags if given.examples and text == "words" else []:
                        value = word_model(given.examples, folder, minutes, seed, given.peer_python, flags.split())
                        tell(text, minutes, seed, f"pytorch/examples {flags}", "", "", value, "", "")
