"""Bytes to values and back: frames with checksums, sets of integers, positions. Knows nothing of search."""
