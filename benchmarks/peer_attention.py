"""The peer: a sequence-to-sequence network as students copy it, from the paper (Bahdanau et al. 2015, arXiv:1409.0473).

A GRU reads from both ends, a GRU writes, and before every word attention looks at the source with the decoder's last
state, so the decoder is a loop over words in Python. Words, cut at white space and marks; those seen less than twice
are unknown. Adam at 1e-3, batches of 128 in any order, greedy. Runs on torch alone, in any environment.

    python benchmarks/peer_attention.py FOLDER SECONDS SEED OUT      writes OUT: one line for each test sentence
"""

from __future__ import annotations

import json
import random
import re
import sys
import time
from collections import Counter
from pathlib import Path

import torch
from torch import Tensor, nn

PAD, UNKNOWN, BEGIN, END = range(4)
EMBEDDED, WIDTH, BATCH, RATE, DROP = 256, 256, 128, 1e-3, 0.3


def words(line: str) -> list[str]:
    """Cut a line at white space and marks."""
    return re.findall(r"\w+|[^\w\s]", line)


def lines_of(path: Path) -> list[str]:
    """Read a file's lines."""
    return path.read_text(encoding="utf-8").rstrip("\n").split("\n")


class Words:
    """The words of one side."""

    def __init__(self, lines: list[str]) -> None:
        counts = Counter(word for line in lines for word in words(line))
        self.known = ["<pad>", "<unk>", "<s>", "</s>", *(word for word, count in counts.items() if count > 1)]
        self.numbers = {word: number for number, word in enumerate(self.known)}

    def read(self, line: str) -> list[int]:
        """Write a line in numbers."""
        return [BEGIN, *(self.numbers.get(word, UNKNOWN) for word in words(line)), END]


class Peer(nn.Module):
    """Encoder, attention, decoder."""

    def __init__(self, source: int, target: int) -> None:
        super().__init__()
        self.source, self.target = nn.Embedding(source, EMBEDDED), nn.Embedding(target, EMBEDDED)
        self.encoder = nn.GRU(EMBEDDED, WIDTH, bidirectional=True)
        self.begin = nn.Linear(2 * WIDTH, WIDTH)
        self.asked, self.score = nn.Linear(3 * WIDTH, WIDTH), nn.Linear(WIDTH, 1, bias=False)
        self.decoder = nn.GRU(EMBEDDED + 2 * WIDTH, WIDTH)
        self.out = nn.Linear(EMBEDDED + 3 * WIDTH, target)
        self.drop = nn.Dropout(DROP)

    def forward(self, source: Tensor, target: Tensor | None, longest: int) -> Tensor:
        """Give logits of each word of a target, or greedy words where there is none."""
        memory, last = self.encoder(self.drop(self.source(source)))
        state = torch.tanh(self.begin(torch.cat([last[0], last[1]], dim=1)))
        there = (source != PAD).T
        word = torch.full((source.shape[1],), BEGIN)
        told, ended = [], torch.zeros(source.shape[1], dtype=torch.bool)
        for moment in range(longest):
            asked = torch.cat([state[None].expand(len(memory), -1, -1), memory], dim=2)
            scores = self.score(torch.tanh(self.asked(asked)))[..., 0].T
            shares = scores.masked_fill(~there, -1e9).softmax(dim=1)
            seen = torch.bmm(shares[:, None], memory.transpose(0, 1))[:, 0]
            given = self.drop(self.target(word))
            _, after = self.decoder(torch.cat([given, seen], dim=1)[None], state[None])
            state = after[0]
            told.append(self.out(torch.cat([state, seen, given], dim=1)))
            word = told[-1].argmax(dim=1) if target is None else target[moment + 1]
            ended |= word == END
            if target is None and bool(ended.all()):
                break
        return torch.stack(told)


def padded(rows: list[list[int]]) -> Tensor:
    """Pad rows to T B."""
    longest = max(map(len, rows))
    return torch.tensor([row + [PAD] * (longest - len(row)) for row in rows]).T


def main() -> None:
    """Train for some seconds, then translate the test part."""
    folder, seconds, seed, out = Path(sys.argv[1]), float(sys.argv[2]), int(sys.argv[3]), Path(sys.argv[4])
    began = time.monotonic()
    random.seed(seed)
    torch.manual_seed(seed)
    names = ("train", "test_2016_flickr")
    lines = {name: [lines_of(folder / f"{name}.{side}") for side in ("de", "en")] for name in names}
    source, target = (Words(side) for side in lines["train"])
    pairs = [(source.read(one), target.read(other)) for one, other in zip(*lines["train"], strict=True)]
    network = Peer(len(source.known), len(target.known))
    adam, done, learned = torch.optim.Adam(network.parameters(), RATE), 0, 0.0
    while time.monotonic() - began < seconds:
        random.shuffle(pairs)
        for place in range(0, len(pairs), BATCH):
            if time.monotonic() - began >= seconds:
                break
            start = time.process_time()
            given, wanted = (padded([pair[side] for pair in pairs[place : place + BATCH]]) for side in (0, 1))
            logits = network(given, wanted, len(wanted) - 1)
            loss = nn.functional.cross_entropy(logits.flatten(0, 1), wanted[1:].flatten(), ignore_index=PAD)
            adam.zero_grad()
            loss.backward()
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            adam.step()
            done += int((wanted[1:] != PAD).sum())
            learned += time.process_time() - start
    whole = sum(len(words(line)) + 1 for line in lines["train"][1])
    print(json.dumps({"epochs": done / whole, "cpu_seconds": learned}), flush=True)
    network.eval()
    said = []
    with torch.no_grad():
        asked = lines["test_2016_flickr"][0]
        for place in range(0, len(asked), BATCH):
            given = padded([source.read(line) for line in asked[place : place + BATCH]])
            for found in network(given, None, 60).argmax(dim=2).T.tolist():
                kept = found[: found.index(END)] if END in found else found
                said.append(re.sub(r" ([.,!?;:])", r"\1", " ".join(target.known[word] for word in kept)))
    out.write_text("\n".join(said) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
