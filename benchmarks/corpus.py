"""One text, the same for everybody: passages analysed once, written as words with spaces between them.

Every engine of a comparison reads this file with a tokenizer that only splits at spaces, so that all index the same
tokens and scores can be compared. A passage is one field: title, then text, through searchkit's English analyzer. A
term that some engine would take apart or fold (anything but ASCII letters and digits, and what our own neutral analyzer
would not leave alone) is replaced by a stand-in of plain letters, the same for all. Cost: some 2 microseconds a token,
and memory for the document frequencies of all terms.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import lzma
import os
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from searchkit.analysis.analyzer import analyzer

PASSAGES = Path("passages") / "docs-200k.jsonl.xz"
_PLAIN = re.compile(r"[a-z0-9]{1,40}")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Analysed passages on disk.

    Attributes
    ----------
    path : Path
        One document a line, words separated by single spaces.
    documents, tokens : int
    frequencies : Counter of str
        Documents that hold each term.
    """

    path: Path
    documents: int
    tokens: int
    frequencies: Counter[str]


def data_directory(named: Path | None = None) -> Path:
    """Where the data of data/README.md is: as named, else `SEARCHKIT_DATA`, else ``../shared/data``."""
    return named or Path(os.environ.get("SEARCHKIT_DATA", "../shared/data"))


def read_texts(path: Path, limit: int | None) -> Iterator[str]:
    """Title and text of each passage, as one string."""
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in itertools.islice(lines, limit):
            record = json.loads(line)
            yield f"{record.get('title') or ''}\n{record.get('text') or ''}"


def write_raw(path: Path, limit: int | None, out: Path) -> int:
    """Write titles and texts as they are, one passage a line with a tab between the two; how many there are.

    Reading them back costs little, and the same for every engine. White space within them becomes single spaces.
    """
    count = 0
    with out.open("w", encoding="utf-8") as lines:
        for text in read_texts(path, limit):
            title, _, body = text.partition("\n")
            lines.write(f"{' '.join(title.split())}\t{' '.join(body.split())}\n")
            count += 1
    return count


def read_raw(path: Path) -> Iterator[dict[str, str]]:
    """Records of what `write_raw` wrote."""
    with path.open(encoding="utf-8") as lines:
        for number, line in enumerate(lines):
            title, _, text = line.rstrip("\n").partition("\t")
            yield {"id": str(number), "title": title, "text": text}


def read_tokens(path: Path) -> Iterator[dict[str, str]]:
    """Records of a file of analysed texts."""
    with path.open(encoding="ascii") as lines:
        for number, line in enumerate(lines):
            yield {"id": str(number), "text": line.rstrip("\n")}


def neutral_terms() -> Callable[[str], list[str]]:
    """A function from text to terms that every engine of the comparison leaves as they are."""
    english, neutral = analyzer("en"), analyzer("none")
    remembered: dict[str, str] = {}

    def plain(term: str) -> str:
        if _PLAIN.fullmatch(term) and neutral.terms(term) == [term]:
            return term
        return "zz" + hashlib.blake2b(term.encode("utf-8", "replace"), digest_size=8).hexdigest()

    def terms(text: str) -> list[str]:
        found = english.terms(text)
        for term in found:
            if term not in remembered:
                remembered[term] = plain(term)
        return [remembered[term] for term in found]

    return terms


def write_corpus(texts: Iterable[str], path: Path) -> Corpus:
    """Analyse texts and write them, one a line; documents without any word are left out."""
    terms, frequencies = neutral_terms(), Counter[str]()
    documents = tokens = 0
    with path.open("w", encoding="ascii") as out:
        for text in texts:
            found = terms(text)
            if found:
                out.write(" ".join(found) + "\n")
                frequencies.update(set(found))
                documents += 1
                tokens += len(found)
    return Corpus(path, documents, tokens, frequencies)


def first_part(corpus: Corpus, documents: int, path: Path) -> Corpus:
    """The first documents of a corpus as a corpus of their own."""
    frequencies, tokens = Counter[str](), 0
    with corpus.path.open(encoding="ascii") as lines, path.open("w", encoding="ascii") as out:
        for line in itertools.islice(lines, documents):
            out.write(line)
            words = line.split()
            frequencies.update(set(words))
            tokens += len(words)
    return Corpus(path, min(documents, corpus.documents), tokens, frequencies)
