"""Compiled code for analysing much text at once: finding its surfaces, and writing down their terms.

Only here may `searchkit.analysis` use numba. Nothing imports this room before there is work that is worth loading a
compiler; until then, and wherever a reader wants to know what is meant, `surfaces` and `analyzer` do the same.
"""
