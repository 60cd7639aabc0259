"""A network with memory reads a text, guesses each piece before it sees it, and is corrected: one run in one file.

Read `train` first, near the end: it is the loop. Then upwards: the network, its memory, how text becomes numbers.
Truncated back-propagation through time (Williams and Peng 1990): the memory goes on from stretch to stretch, the error
goes back through one of them only.
"""

import copy
import itertools
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from onward.language.language_model.ejected_text import Characters, Pieces, Words, read_parts, read_text
from onward.language.recurrent import Gru, Lstm, Rnn

# What the run was made of. Change a value and see what it does.
DATA = "book.txt"
OUT = "book"  # what comes out lies in this folder beside the script
SEED = 0
STEPS = 1000  # turns of the loop that the run took
VOCABULARY = 1000  # pieces that the text is written with
WIDTH = 256  # channels of embedding and memory
DEPTH = 2
BATCH_SIZE = 32  # places in the text that are read at once
STRETCH = 64  # moments that an error is sent back through
LEARNING_RATE = 5e-3  # the highest one
DROP = 0.0  # share of the channels dropped in training
#: if cell
DROP_KEPT = 0.0  # share of the weights between memory and memory dropped
#: end
#: if lstm
FORGET_BIAS = 1.0  # added to the forget gates before they learn, so that at first they keep
#: end
HALF_LIFE = 200_000  # of the averaged network, in pieces
EXAMINED = 100_000  # pieces of the validation part in an exam
BFLOAT16 = False  # forward passes in half precision, where the processor knows it
HERE = Path(__file__).resolve().parent
#: inlined


#: if mingru
class Block(nn.Module):
    """A minGRU (arXiv:2410.01201): h ← (1 − z) · h + z · g, where gate z and candidate g see the input alone.

    So the loop over time is a single multiply-and-add. Since its gates look at nothing but the present, a short
    convolution lets them see the last moments too (appendix C); after it, channels are mixed. State: 4 B H.
    """

    def __init__(self) -> None:
        super().__init__()
        self.before, self.between = nn.LayerNorm(WIDTH), nn.LayerNorm(WIDTH)
        self.look_back = nn.Parameter(torch.randn(4, WIDTH) * 0.1 + torch.tensor([0.0, 0.0, 0.0, 1.0])[:, None])
        self.told = nn.Linear(WIDTH, 2 * WIDTH)
        for weight in self.told.parameters():
            nn.init.uniform_(weight, -(WIDTH**-0.5), WIDTH**-0.5)
        self.out = nn.Linear(WIDTH, WIDTH)
        self.mixture = nn.Sequential(nn.Linear(WIDTH, 3 * WIDTH), nn.GELU(), nn.Linear(3 * WIDTH, WIDTH))

    def start(self, batch: int) -> Tensor:
        """Give the memory of nothing: h, and the three moments before."""
        return torch.zeros(4, batch, WIDTH)

    def forward(self, moments: Tensor, state: Tensor) -> tuple[Tensor, Tensor]:
        """Go through time: T B H and the state to T B H and the state after it."""
        count, seen = len(moments), torch.cat([state[1:], self.before(moments)])
        blended = sum(self.look_back[step] * seen[step : step + count] for step in range(4))
        gate, candidate = self.told(blended).float().chunk(2, dim=2)
        share = torch.sigmoid(gate)
        fresh = torch.where(candidate >= 0, candidate + 0.5, torch.sigmoid(candidate))  # appendix B.3: always above 0
        told, memory = [], state[0]
        for keep, new in zip(1 - share, share * fresh, strict=True):
            memory = keep * memory + new
            told.append(memory)
        told = torch.stack(told)
        moments = moments + dropped(self.out(told), self.training)
        moments = moments + self.mixture(self.between(moments))
        return moments, torch.cat([told[-1:], seen[count:].to(told.dtype)])


#: end
def dropped(seen: Tensor, training: bool) -> Tensor:
    """Drop channels of T B C for all moments alike (variational dropout, arXiv:1512.05287)."""
    if not training or DROP == 0:
        return seen
    return seen * torch.empty_like(seen[:1]).bernoulli_(1 - DROP) / (1 - DROP)


class LanguageNetwork(nn.Module):
    """Numbers of pieces to logits of the next ones; both ends share one matrix (arXiv:1608.05859)."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self.embedding = nn.Embedding(size, WIDTH)
        nn.init.normal_(self.embedding.weight, std=WIDTH**-0.5)
        #: if mingru
        self.layers: Any = nn.ModuleList(Block() for _ in range(DEPTH))
        self.last: Any = nn.LayerNorm(WIDTH)
        #: end
        #: if lstm
        self.layers: Any = nn.ModuleList(Lstm(WIDTH, WIDTH, DROP_KEPT, FORGET_BIAS) for _ in range(DEPTH))
        #: end
        #: if gru
        self.layers: Any = nn.ModuleList(Gru(WIDTH, WIDTH, DROP_KEPT) for _ in range(DEPTH))
        #: end
        #: if rnn
        self.layers: Any = nn.ModuleList(Rnn(WIDTH, WIDTH, DROP_KEPT) for _ in range(DEPTH))
        #: end
        #: if cell
        self.last: Any = nn.Identity()
        #: end
        self.bias = nn.Parameter(torch.zeros(size))

    def start(self, batch: int) -> list[Tensor]:
        """Give the memory of nothing read yet, one tensor a layer."""
        return [layer.start(batch) for layer in self.layers]

    def read(self, numbers: Tensor, memory: list[Tensor]) -> tuple[Tensor, list[Tensor]]:
        """Read pieces, T B numbers: what is remembered at each, T B H, and the memory after the last."""
        seen, after = dropped(self.embedding(numbers) * WIDTH**0.5, self.training), []
        for layer, before in zip(self.layers, memory, strict=True):
            seen, remembered = layer(seen, before)
            seen = dropped(seen, self.training)
            after.append(remembered)
        return self.last(seen), after

    def tell(self, seen: Tensor) -> Tensor:
        """Give logits of all pieces, ... V, for what is remembered, ... H."""
        return F.linear(seen, self.embedding.weight, self.bias)


def stretches(numbers: np.ndarray) -> Iterator[tuple[Tensor, Tensor, bool]]:
    """Give a stretch of the text at many places, T B, what comes after each piece, T B, and whether places are new.

    Each time the text is read the places begin elsewhere, so that its stretches are cut elsewhere too.
    """
    length = len(numbers) // BATCH_SIZE
    for epoch in itertools.count():
        shift = int(np.random.default_rng([SEED, epoch]).integers(0, length))
        for at in range(0, length - STRETCH + 1, STRETCH):
            rows = shift + at + np.arange(STRETCH + 1)[:, None] + length * np.arange(BATCH_SIZE)
            read = torch.from_numpy(numbers[rows % len(numbers)])
            yield read[:-1], read[1:], at == 0


#: if sampled
def loss_of(network: LanguageNetwork, seen: Tensor, then: Tensor, share: Tensor, flatter: Tensor) -> Tensor:
    """Give the mean surprise at what came, T B, over the pieces that came and 1,024 drawn by lot (arXiv:1412.2007).

    Among many pieces the last product of matrices would cost more than all layers. Each piece that is asked for counts
    as one over the chance that it is, so that their sum is that over all pieces, on average.
    """
    wanted = then.flatten()
    asked, places = torch.cat([wanted, torch.multinomial(flatter, 1024, True)]).unique(return_inverse=True)
    missed = len(wanted) * torch.log1p(-share[asked]) + 1024 * torch.log1p(-flatter[asked])
    rarity = -torch.log(-torch.expm1(missed))
    logits = F.linear(seen.flatten(0, 1), network.embedding.weight[asked], network.bias[asked]).float()
    places = places[: len(wanted)]  # what came was asked for in any case, and counts as one
    return F.cross_entropy(logits + rarity, places) + rarity[places].mean()


#: end
@torch.no_grad()
def surprise(network: LanguageNetwork, numbers: np.ndarray) -> np.ndarray:
    """Give how surprised the network is at each piece but the first, in nats: N numbers to N − 1.

    Read at 32 places at once, each of which begins 256 pieces before its own, so that it has a memory by then.
    """
    count = len(numbers) - 1
    places = max(1, min(32, count // 512))
    length = -(-count // places)
    steps = np.arange(-256 if places > 1 else 0, length)
    rows = length * np.arange(places) + steps[:, None]
    found, memory = [], network.eval().start(places)
    for begin in range(0, len(steps), 128):
        here = rows[begin : begin + 128]
        now, then = (torch.from_numpy(numbers[(here + ahead).clip(0, count)]) for ahead in (0, 1))
        seen, memory = network.read(now, memory)
        told = F.cross_entropy(network.tell(seen).float().flatten(0, 1), then.flatten(), reduction="none")
        found.append(told.reshape(then.shape).numpy())
        if steps[begin] < 0:  # the first place has no text before it
            memory = [torch.cat([torch.zeros_like(each[:, :1]), each[:, 1:]], dim=1) for each in memory]
    network.train()
    return np.concatenate(found)[steps >= 0].T.reshape(-1)[:count]


@torch.no_grad()
def write(network: LanguageNetwork, numbers: list[int], length: int) -> list[int]:
    """Write on: draw a piece among the likeliest that hold 95 % of likelihood (arXiv:1904.09751), read it, go on."""
    chance = torch.Generator().manual_seed(0)
    seen, memory = network.eval().read(torch.tensor(numbers)[:, None], network.start(1))
    told: list[int] = []
    for _ in range(length):
        shares, places = (network.tell(seen[-1, 0]).float() / 0.8).softmax(dim=0).sort(descending=True)  # 0.8: safer
        shares[shares.cumsum(0) - shares >= 0.95] = 0.0
        told.append(int(places[torch.multinomial(shares, 1, generator=chance)]))
        seen, memory = network.read(torch.tensor([[told[-1]]]), memory)
    network.train()
    return told


def rate(progress: float) -> float:
    """Give the learning rate: up over a tenth of the steps, then straight down."""
    return LEARNING_RATE * (0.1 + 9 * progress if progress < 0.1 else 1 - 0.98 * (progress - 0.1) / 0.9)


@torch.no_grad()
def follow(mean: nn.Module, network: nn.Module, read: int, more: int) -> None:
    """Move a running mean of the weights: its half-life is a twentieth of what was read, at most HALF_LIFE pieces."""
    remain = 0.5 ** (more / min(HALF_LIFE, 0.05 * read))
    for average, weight in zip(mean.parameters(), network.parameters(), strict=True):
        average.lerp_(weight, 1 - remain)


def train(learned: np.ndarray, chosen: np.ndarray) -> LanguageNetwork:
    """Learn from one part of the text; give the averaged network that told the other one best."""
    torch.manual_seed(SEED)
    #: if sampled
    counts = np.bincount(learned, minlength=VOCABULARY) + 1.0
    shares = [torch.from_numpy(each / each.sum()).float() for each in (counts, counts**0.75)]
    #: end
    network = LanguageNetwork(VOCABULARY)
    descent = torch.optim.Adam(network.parameters(), betas=(0.9, 0.99))
    mean, best, lowest = copy.deepcopy(network), copy.deepcopy(network), math.inf
    batches, memory, exam = stretches(learned), network.start(BATCH_SIZE), -1
    for step in range(STEPS):
        progress = step / STEPS
        now, then, is_new = next(batches)
        memory = network.start(BATCH_SIZE) if is_new else [each.detach() for each in memory]
        with torch.autocast("cpu", torch.bfloat16, enabled=BFLOAT16):
            seen, memory = network.read(now, memory)
            #: if whole
            loss = F.cross_entropy(network.tell(seen).float().flatten(0, 1), then.flatten())
            #: end
            #: if sampled
            loss = loss_of(network, seen, then, *shares)
            #: end
        descent.param_groups[0]["lr"] = rate(progress)
        descent.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        descent.step()
        follow(mean, network, (step + 1) * now.numel(), now.numel())
        number = 16 if progress > 0.985 else int(16 * progress)  # sixteen exams, and one near the end
        if number != exam or step == STEPS - 1:
            exam, told = number, float(surprise(mean, chosen[: EXAMINED + 1]).mean())
            if told <= lowest:
                lowest, best = told, copy.deepcopy(mean)
            print(f"step {step:6}: loss {loss.item():.3f}, nats a piece on other text {told:.3f}", flush=True)
    return best


def main() -> None:
    """Read the text, learn to tell what comes next, test the best network once, let it write."""
    out = HERE / OUT
    out.mkdir(exist_ok=True)
    #: if one_file
    training, validation, testing = read_text(HERE / DATA)
    #: end
    #: if three_files
    training, validation, testing = read_parts(HERE / DATA)
    #: end
    #: if bpe
    tokenizer = Pieces(training, VOCABULARY)
    #: end
    #: if characters
    tokenizer = Characters(training, VOCABULARY)
    #: end
    #: if words
    tokenizer = Words(training, VOCABULARY)
    #: end
    network = train(tokenizer.encode(training), tokenizer.encode(validation))
    numbers = tokenizer.encode(testing)
    nats = surprise(network, numbers)
    #: if characters
    nats = nats + math.log(0x110000) * (numbers[1:] == 0)  # which unknown one it is would have to be told too
    #: end
    text = tokenizer.decode(write(network, tokenizer.encode("\n").tolist() or [0], 300))
    (out / "text.txt").write_text(text, encoding="utf-8")
    np.savez(out / "weights.npz", **{name: weight.numpy() for name, weight in network.state_dict().items()})
    parameters = sum(weight.numel() for weight in network.parameters())
    scores = {"perplexity": math.exp(nats.mean()), "parameters": parameters}
    #: if bits
    scores["bits_per_byte"] = float(nats.mean()) / math.log(2) * len(numbers) / len(testing.encode("utf-8", "replace"))
    #: end
    (out / "scores.json").write_text(json.dumps(scores) + "\n")
    print(f"{text}\n\nOn the test part: {scores}; the rest lies in {out}")


if __name__ == "__main__":
    main()
