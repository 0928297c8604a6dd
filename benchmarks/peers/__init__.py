"""The engines of the comparison, ours among them: one file each, all with the face of `base.Peer`."""

from __future__ import annotations

from benchmarks.peers.base import Answer, Peer
from benchmarks.peers.bm25s_peer import Bm25s
from benchmarks.peers.fts5_peer import Fts5
from benchmarks.peers.pisa_peer import Pisa
from benchmarks.peers.searchkit_peer import Searchkit
from benchmarks.peers.tantivy_peer import Tantivy
from benchmarks.peers.whoosh_peer import Whoosh

__all__ = ["PEERS", "Answer", "Peer"]

PEERS: dict[str, type[Peer]] = {peer.name: peer for peer in (Searchkit, Tantivy, Pisa, Bm25s, Fts5, Whoosh)}
"""By name, ours first."""
