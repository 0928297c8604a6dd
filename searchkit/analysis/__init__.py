"""What are the words of this text? One analyzer answers for documents and queries alike.

Read `words` (UAX #29), then `cut` (what we take out before and split after), `fold` (case and accents),
`languages` (which stemmer) and `analyzer` (all of it, with the fast path an index is built with).
Nothing here knows of fields, postings or scores.
"""
