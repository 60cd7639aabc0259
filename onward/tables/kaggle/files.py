"""Which file of a competition's folder is which, in all the spellings there are."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from onward.core.faults import DataFault
from onward.data.archive import open_store, split_address

__all__ = ["ContestFiles", "find_files", "looks_like_a_contest"]

_TABLES = (".csv", ".tsv", ".parquet", ".csv.gz", ".csv.zip", ".tsv.zip", ".jsonl")
_TRAIN = ("train", "training", "traindata", "trainingdata", "trainset", "trainingset")
_TEST = ("test", "testing", "testdata", "testset", "testingdata", "testfeatures")
_SAMPLE = re.compile(
    r"(sample|gender|example|random|all0s|benchmark)?(submissions?)(sample|format|file|example)?|sample"
)


@dataclass(frozen=True)
class ContestFiles:
    """Addresses of a competition's tables; `sample` is None where there is none."""

    train: str
    test: str
    sample: str | None


def looks_like_a_contest(address: str) -> bool:
    """Say whether an address looks like a competition: no table of its own, but a place for several."""
    if address.startswith("kaggle:") or address == "made:contest":
        return True
    path = Path(address)
    if path.is_dir():
        names = [_plain(each.name) for each in list(path.iterdir())[:200] if each.name.lower().endswith(_TABLES)]
        return any(name in _TRAIN for name in names) and any(name in _TEST for name in names)
    return address.lower().endswith(".zip")


def find_files(address: str) -> ContestFiles:
    """Find train, test and sample submission in a folder or a zip.

    Raises:
        DataFault: one is missing, or there are two of it.
    """
    path, _ = split_address(address)
    store = open_store(address)
    tables = [name for name in store.names if name.lower().endswith(_TABLES)]
    if not tables:
        raise DataFault(
            f"{address} holds no tables. A competition's folder has train.csv, test.csv and sample_submission.csv."
        )

    def full(name: str) -> str:
        if path.is_dir():
            return str(Path(address) / name)
        return f"{address}/{name}" if ":" in address.removeprefix(str(path)) else f"{address}:{name}"

    samples = _only(address, [name for name in tables if _SAMPLE.fullmatch(_plain(name))], "sample submission")
    train = _only(address, [name for name in tables if _plain(name) in _TRAIN], "train")
    test = _only(address, [name for name in tables if _plain(name) in _TEST], "test")
    for name, what in ((train, "train"), (test, "test")):
        if name is None:
            there = ", ".join(tables[:6])
            raise DataFault(f"{address} holds no {what}.csv among {there}. Call it {what}.csv, or add it.")
    return ContestFiles(full(str(train)), full(str(test)), None if samples is None else full(samples))


def _only(address: str, names: list[str], what: str) -> str | None:
    """Take the one that lies highest; two that lie equally high are one too many, unless one is the other's zip."""
    if not names:
        return None
    depth = min(name.count("/") for name in names)
    high = [name for name in names if name.count("/") == depth]
    kinds = {re.sub(r"(\.zip|\.gz)$", "", name.lower()) for name in high}
    if len(kinds) > 1:
        raise DataFault(f"{address} holds {' and '.join(sorted(high)[:3])}: which is the {what}? Leave one out.")
    return sorted(high, key=len)[0]


def _plain(name: str) -> str:
    """Give a file's name without folders, endings and signs.

    Example:
        >>> _plain("a/Sample-Submission.csv.zip")
        'samplesubmission'
    """
    stem = name.rpartition("/")[2].lower()
    for ending in (".zip", ".gz", ".csv", ".tsv", ".parquet", ".jsonl"):
        stem = stem.removesuffix(ending)
    return re.sub(r"[^a-z0-9]", "", stem)
