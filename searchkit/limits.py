"""Every bound searchkit enforces: its value, its unit in the name, and its reason.

Memory grows with the batch or the query, never with the index, because each thing that could grow without
end meets one of these numbers first. What happens beyond a bound is said beside it: refused with
`LimitExceeded`, cut with a warning, or left out and counted. Nothing here is read from the environment.
"""

from __future__ import annotations

from typing import Final

# --- documents ------------------------------------------------------------------------------------------
ID_BYTES_MAX: Final = 2_083
"""UTF-8 bytes of a document id; longer is refused. The longest URL browsers of the past would take."""
DOCUMENT_CHARACTERS_MAX: Final = 16_000_000
"""Characters of all fields of one document; larger is refused. Eight times the longest novel."""
INTEGER_BITS_MAX: Final = 2_048
"""Bits of a whole number in a record; larger is refused. 617 digits, which Python writes however it is set up (it may
be told to refuse more than 640)."""
TERM_BYTES_MAX: Final = 255
"""UTF-8 bytes of a term; a longer word is left out of the index and of queries alike. No word is that long. A longer
keyword is left out, too; a query for one is warned."""
TITLE_CHARACTERS_MAX: Final = 512
"""Characters of a crawled title; the rest is cut. A page author must not fill the result list."""

# --- segments -------------------------------------------------------------------------------------------
SEGMENT_DOCUMENTS_MAX: Final = 1 << 24
"""Documents in one segment; a merge beyond it is refused. Keeps the per-chunk tables of a query small."""
SEGMENT_POSTINGS_MAX: Final = (1 << 32) - 1
"""Postings in one segment; posting numbers are 32 bits wide on disk."""
SEGMENT_PART_BYTES_MAX: Final = (1 << 32) - 4_096
"""Bytes in one part of a segment; LMDB stores a value's size in 32 bits."""
FIELDS_MAX: Final = 16
"""Searchable text fields in a schema; the fields of a query are a 16-bit mask."""
MERGE_DOCUMENTS_MAX: Final = 2_000_000
"""Live documents merged into one segment without being asked; `merge` goes up to SEGMENT_DOCUMENTS_MAX."""
WRITER_MEMORY_BYTES: Final = 850_000_000
"""Bytes a writer may use for the segment it builds, unless it is told otherwise: 200,000 passages of an encyclopedia, 20
million words, fit in one, and the process holds less than 1 GB. What the interpreter and libraries take is some 200 MB."""
WRITER_MEMORY_BYTES_MIN: Final = 1_000_000
"""Least bytes a writer can be told to use; less is refused. One document may take more by itself."""
WRITER_MEMORY_BYTES_MAX: Final = 15_000_000_000
"""Most bytes a writer uses however much it is allowed: a segment's tokens and their places stay numbers of 32 bits."""
WRITER_JOBS_MAX: Final = 64
"""Processes that build segments for one writer; more are refused. Each is an interpreter of some 150 MB."""
CHECKSUM_BLOCK_BYTES: Final = 65_536
"""Bytes covered by one checksum of a segment part: small enough to verify on first touch, 40 microseconds."""

# --- queries --------------------------------------------------------------------------------------------
QUERY_CHARACTERS_MAX: Final = 4_096
"""Characters of a query; the rest is cut with a warning."""
QUERY_LEAVES_MAX: Final = 1_024
"""Words, phrases and prefixes of a query; the rest is left out with a warning."""
QUERY_DEPTH_MAX: Final = 64
"""Nested parentheses; deeper ones are read as if they were not there, with a warning."""
PHRASE_SLOP_MAX: Final = 1_000
"""Words between those of a phrase, as in ``"a b"~1000``; a larger number is cut with a warning. Longer than any passage."""
WILDCARD_TERMS_MAX: Final = 4_000_000
"""Words one wildcard is compared with, counted in each segment: those with its beginning, or all if it begins with a
star. Some 2 seconds; a wildcard that would take longer finds nothing, with a warning. A prefix has no such bound: its
words are found by their order, and reading their lists costs what reading those of as many frequent words does."""
PARAMETER_MIN: Final = 1e-9
"""Smallest field weight and k1; smaller is refused."""
PARAMETER_MAX: Final = 1e9
"""Largest field weight and k1; larger is refused. No product of them and a frequency leaves float64, where a score
would be no number."""
HITS_MAX: Final = 10_000
"""Hits of one search; asking for more is refused. Use `export` to walk through everything."""
SNIPPET_CHARACTERS: Final = 200
"""Characters of a snippet, about two lines of a terminal."""
SNIPPET_SOURCE_CHARACTERS_MAX: Final = 100_000
"""Characters of a text that are searched for the best snippet; the rest of a huge page is not looked at."""

# --- suggestions ----------------------------------------------------------------------------------------
SUGGESTIONS_MAX: Final = 100
"""Suggestions of one call; asking for more is refused. Nobody reads a longer list while typing."""

LOGGED_CHARACTERS_MAX: Final = 100
"""Characters of a query that is kept in the query log; a longer one is not. Nobody is offered more while typing."""
LOGGED_QUERIES_MAX: Final = 100_000
"""Different queries of a query log; beyond, all counts are halved and those that come to nothing leave. Some 10 MB."""
LOGGED_SHOWN_FROM: Final = 2
"""How often a query must have been asked to be offered: one asked once may be somebody's secret."""

# --- pages ----------------------------------------------------------------------------------------------
PAGE_BYTES_MAX: Final = 8 << 20
"""Bytes of one page, also after decompression. The crawler refuses a larger one; a source reads this much of it."""
PAGE_TEXT_CHARACTERS_MAX: Final = 2_000_000
"""Characters of text kept of one page; the rest is cut. The longest novel, and a 2 MB value in the store."""
PAGE_NESTING_MAX: Final = 2_000
"""Depth of nested elements handed to an HTML parser; deeper pages are read tag by tag. Parsers are quadratic in it."""
PAGE_TAGS_MAX: Final = 500_000
"""Tags of one page handed to an HTML parser; pages with more are read tag by tag. Bounds the tree to some 100 MB."""
PAGE_ATTRIBUTES_MAX: Final = 2_000
"""Attributes of one tag handed to an HTML parser, about; pages with more are read tag by tag. Quadratic, too."""
PAGE_LINKS_MAX: Final = 1_000
"""Links followed from one page; those after are counted, not followed."""
ANCHOR_CHARACTERS_MAX: Final = 200
"""Characters of the text of one link; the rest is cut. Longer ones are paragraphs, not names."""
ANCHOR_TEXTS_MAX: Final = 32
"""Different texts kept of the links that lead to one page; later ones are left out."""
ROBOTS_BYTES_MAX: Final = 500 << 10
"""Bytes of a robots.txt that are read; RFC 9309 asks for at least this much."""

# --- sources --------------------------------------------------------------------------------------------
SOURCE_LINE_BYTES_MAX: Final = 4 * DOCUMENT_CHARACTERS_MAX
"""Bytes of one line of a source; a longer one is reported and passed over without being held in memory. A document
of the largest size takes at most four bytes a character."""
SOURCE_FILE_BYTES_MAX: Final = 4 * DOCUMENT_CHARACTERS_MAX
"""Bytes of one page or text file of a folder or an archive; a larger one is reported and left out."""

# --- waiting --------------------------------------------------------------------------------------------
LOCK_TIMEOUT_S: Final = 10.0
"""Seconds a second writer waits for the first before it is told who holds the lock."""
