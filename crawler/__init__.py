"""Fetching pages politely and writing them to the page store. Knows documents, not indexes."""
