"""Encoding of large batches, compiled: what posting_lists.py, frequencies.py, positions.py and merge.py do, at a tenth
of the cost.

Importing this costs some 200 ms and the first call loads (or, the first time on a machine, compiles) the kernels, so
small batches go without. Bytes are the same either way; tests hold both to it.
"""
