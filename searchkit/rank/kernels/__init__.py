"""The arithmetic of `rank/bm25.py`, compiled: the one door to numba. Import only where a process will stay.

Importing this costs some 200 ms and the first call loads (or, the first time on a machine, compiles)
the kernels. Compiled code is cached beside the source files by numba, which trusts it as it trusts the code.
"""
