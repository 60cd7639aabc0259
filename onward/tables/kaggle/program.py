"""The `kaggle` program, called as a child process when it is there; what it says of trouble becomes one sentence.

Credentials are its own business: it finds them where Kaggle says they lie. They are never read, shown or kept here.
"""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from onward.core.faults import DataFault, Fault, MachineFault, UsageFault
from onward.data.cache import cache_folder

__all__ = ["call", "downloaded", "fault_of", "submissions", "submit", "without_secrets"]

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{1,99}")
_SECONDS = 1800
_SITE = "https://www.kaggle.com"
_REFUSED = re.compile(r"\b(400|401|403|404|429)\b.{0,4}(?:Client Error|- )")
_SECRETS = ("KAGGLE_KEY", "KAGGLE_API_TOKEN", "KAGGLE_USERNAME")


def checked_name(name: str) -> str:
    """Give a competition's name, from its name or its address.

    Raises:
        UsageFault: it cannot be one.
    Example:
        >>> checked_name("titanic")
        'titanic'
    """
    plain = name.strip().rstrip("/").rpartition("/")[2]
    if not _NAME.fullmatch(plain):
        raise UsageFault(f"{name!r} is no competition's name. It is the last part of its address, as in kaggle:titanic")
    return plain


def call(*words: str) -> str:
    """Call the program and give what it says.

    Raises:
        MachineFault: it is not here, or took too long.
        DataFault: Kaggle refused; the sentence says why and which page to open.
    """
    program = shutil.which("kaggle")
    if program is None:
        raise MachineFault(
            "The program kaggle is not here. Install it with: pip install 'onward[kaggle]' - or type elsewhere: "
            f"kaggle {' '.join(words)}"
        )
    try:
        answer = subprocess.run(
            [program, *words],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            encoding="utf-8",
            errors="replace",
            timeout=_SECONDS,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise MachineFault(f"kaggle gave no answer in {_SECONDS // 60} minutes. Try again later.") from None
    said = f"{answer.stdout}\n{answer.stderr}"
    code = _REFUSED.search(said)
    if answer.returncode != 0 or (code is not None and code[1] != "400"):
        raise fault_of(said, words)
    return answer.stdout


def fault_of(said: str, words: tuple[str, ...]) -> Fault:
    """Turn the program's trouble into a sentence."""
    name = words[-1] if words else ""
    page = f"{_SITE}/competitions/{name}"
    # it warns of kaggle.json being readable by others whatever the trouble is
    said = "\n".join(line for line in said.splitlines() if not line.startswith("Warning:"))
    if code := _REFUSED.search(said):  # words like credentials stand in other answers too
        said = f"{code[1]} {said if code[1] == '400' else ''}"
    if re.search(r"\b401\b|[Uu]nauthori[sz]ed|kaggle\.json|[Aa]uthenticat|credentials", said):
        return DataFault(
            f"Kaggle does not know you (401). Make a token on {_SITE}/settings and put it where that page says."
        )
    if re.search(r"\b403\b|[Ff]orbidden|competitions\.participate", said):
        return DataFault(f"Kaggle refuses {name} (403). Accept the rules on {page}/rules, or mend the name.")
    if re.search(r"\b429\b|[Tt]oo many requests", said):
        return DataFault("Kaggle has had too many calls from you (429). Wait a quarter of an hour, then try again.")
    if re.search(r"(?i)daily|allowance|submission limit|maximum number of submissions", said):
        return DataFault(f"Today's submissions to {name} are used up. Kaggle counts anew at midnight UTC.")
    if re.search(r"\b404\b|[Nn]ot [Ff]ound", said):
        return DataFault(f"Kaggle has no competition {name!r} (404). Its name is the last part of its address.")
    if re.search(r"(?i)deadline|is over|has ended|closed", said):
        return DataFault(f"{name} takes no submissions any more. See {page}/overview")
    if re.match(r"400\b", said) and "submit" in words:
        return DataFault(
            f"Kaggle refused the submission without a reason (400): either today's are used up, or {name} is over, or "
            f"the file is not as it should be. See {page}/submissions"
        )
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    last = without_secrets(lines[-1] if lines else "nothing")[:200]
    return DataFault(f"kaggle {' '.join(words[:2])} failed and said: {last}. See {page}")


def without_secrets(words: str) -> str:
    """Take out what could be a credential.

    Example:
        >>> without_secrets("key 0123456789abcdef0123456789abcdef is wrong")
        'key ... is wrong'
    """
    for name in _SECRETS:
        if len(os.environ.get(name, "")) > 3:
            words = words.replace(os.environ[name], "...")
    return re.sub(r"(KGAT_)?[A-Za-z0-9_-]{28,}|eyJ[\w.-]+", "...", words)


def downloaded(name: str, *, may_fetch: bool = True) -> Path:
    """Give a competition's zip or folder: from the cache, or by the program, once.

    Args:
        may_fetch: whether the user asked for it; a run's record may only name what is here.
    Raises:
        DataFault: it is not here, and may not be or cannot be fetched.
    """
    name = checked_name(name)
    folder = cache_folder() / "kaggle" / name
    if (found := _whole(folder)) is not None:
        return found
    if not may_fetch:
        raise DataFault(f"kaggle:{name} is not here any more. Fetch it with: onward kaggle get {name}")
    print(f"Downloading {name} from {_SITE}/competitions/{name} into {folder}", file=sys.stderr)  # noqa: T201
    part = folder.with_name(f"{name}.part")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    try:
        call("competitions", "download", "-p", str(part), "-q", name)
        if _whole(part) is None:
            raise DataFault(f"kaggle brought no files of {name}. Look at {_SITE}/competitions/{name}/data")
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return _whole(folder) or folder


def _whole(folder: Path) -> Path | None:
    if not folder.is_dir():
        return None
    files = [each for each in folder.iterdir() if each.is_file()]
    return files[0] if len(files) == 1 and files[0].suffix == ".zip" else folder if files else None


def submit(name: str, path: Path, message: str) -> str:
    """Send a submission; give what Kaggle says."""
    said = call("competitions", "submit", "-f", str(path), "-m", message, checked_name(name))
    lines = [line.strip() for line in said.splitlines() if line.strip()]
    return without_secrets(lines[-1]) if lines else "sent"


def submissions(name: str) -> list[dict[str, Any]]:
    """List what was submitted, newest first: fileName, date, description, status, publicScore, privateScore."""
    said = call("competitions", "submissions", "-v", checked_name(name))
    lines = said.splitlines()
    begin = next((place for place, line in enumerate(lines) if "publicScore" in line), None)
    if begin is None:
        return []
    return [dict(row) for row in csv.DictReader(io.StringIO("\n".join(lines[begin:])))]
