"""A folder of pages and texts: HTML, Markdown and plain text, walked in sorted order.

A file's id and url is its `file:` URI, so a second run finds the same documents from whatever directory it is started.
Names that begin with a dot are left alone. Symbolic links are not followed, as they could lead outside the folder or
in circles; what they point to inside it is met where it lies. Other kinds of files are skipped and counted.
"""

from __future__ import annotations

import os
import re
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from searchkit import limits
from searchkit.errors import SourceError
from searchkit.pages.extract import decode
from searchkit.sources.page import html_fields
from searchkit.sources.record import Item, Progress, Record, Rejected

HTML = frozenset({".html", ".htm", ".xhtml"})
MARKDOWN = frozenset({".md", ".markdown"})
PLAIN = frozenset({".txt", ".text"})

_LOOKED_AT_BYTES = 8_192  # git looks at as much to call a file binary
_FRONT_MATTER = re.compile(r"\A---[ \t]*\n(.{0,20000}?)\n(?:---|\.\.\.)[ \t]*(?:\n|\Z)", re.DOTALL)
_FRONT_TITLE = re.compile(r"^title:[ \t]*(.{1,500})$", re.MULTILINE)
_HEADING = re.compile(r"^ {0,3}#{1,6}[ \t]+(.{1,1000}?)(?:[ \t]+#+)?[ \t]*$", re.MULTILINE)
_FENCE = re.compile(r"^ {0,3}(?:```|~~~).{0,200}$", re.MULTILINE)
_LINK = re.compile(r"!?\[([^\[\]\n]{0,2000})\]\([^()\s]{0,2000}(?: +\"[^\"\n]{0,500}\")?\)")


def walk(folder: Path) -> Iterator[Path | Rejected]:
    """Every regular file below `folder`, in sorted order, and why a directory could not be read."""
    try:
        entries = sorted(os.scandir(folder), key=lambda entry: entry.name)
    except OSError as error:
        yield Rejected(str(folder), f"cannot be read: {error.strerror}")
        return
    for entry in entries:
        if entry.name.startswith("."):
            continue
        if entry.is_symlink():
            yield Rejected(entry.path, "a symbolic link; it is not followed", failed=False)
        elif entry.is_dir(follow_symlinks=False):
            yield from walk(Path(entry.path))
        else:
            yield Path(entry.path)


def read_folder(folder: Path, progress: Progress) -> Iterator[Item]:
    """Records of the pages and texts below a folder.

    Raises
    ------
    SourceError
        If `folder` itself cannot be listed.
    """
    try:
        os.scandir(folder).close()
    except OSError as error:
        raise SourceError(str(folder), error.strerror or str(error)) from error
    for found in walk(folder):
        if isinstance(found, Rejected):
            yield found
        else:
            yield read_file(found)
            progress(1)


def read_file(path: Path) -> Item:
    """One page or text file as a record."""
    where, suffix = str(path), path.suffix.lower()
    if suffix not in HTML | MARKDOWN | PLAIN:
        return Rejected(where, f"not HTML, Markdown or plain text ({suffix or 'no suffix'})", failed=False)
    try:
        status = path.stat(follow_symlinks=False)
        if not stat.S_ISREG(status.st_mode):
            return Rejected(where, "not a regular file", failed=False)
        if status.st_size > limits.SOURCE_FILE_BYTES_MAX:
            return Rejected(where, f"larger than {limits.SOURCE_FILE_BYTES_MAX:,} bytes")
        content = path.read_bytes()
    except OSError as error:
        return Rejected(where, f"cannot be read: {error.strerror}")
    if not content.strip():
        return Rejected(where, "the file is empty")
    url, note = path.resolve().as_uri(), ""
    fields: dict[str, Any]
    if suffix in HTML:
        fields, note = html_fields(content, url)
    elif is_binary(content):
        return Rejected(where, "a binary file, whatever its name says")
    else:
        text = decode(content)
        fields = markdown_fields(text) if suffix in MARKDOWN else {"title": "", "text": text}
    fields["title"] = fields["title"] or path.stem
    if not fields["text"].strip():
        return Rejected(where, "there is no text in it")
    return Record({"id": url, "url": url, **fields}, where, note)


def is_binary(content: bytes) -> bool:
    """Whether bytes are no text: a NUL among the first ones, unless a byte order mark says they are UTF-16."""
    return b"\0" in content[:_LOOKED_AT_BYTES] and not content.startswith((b"\xff\xfe", b"\xfe\xff"))


def markdown_fields(text: str) -> dict[str, Any]:
    """Title and searchable text of Markdown: its marks taken off where they would be read as words.

    The title is that of the front matter, else the first heading. The targets of links are not words of the text.
    """
    title = ""
    if front := _FRONT_MATTER.match(text):
        if named := _FRONT_TITLE.search(front[1]):
            title = named[1].strip().strip("\"'")
        text = text[front.end() :]
    if not title and (heading := _HEADING.search(text)):
        title = _LINK.sub(r"\1", heading[1]).strip("*_` ")
    text = _HEADING.sub(r"\1", _FENCE.sub("", text))
    return {"title": title, "text": _LINK.sub(r"\1", text)}
