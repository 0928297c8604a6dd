"""One segment: a small, complete, immutable index in one file. Given a term, which documents? Stores facts, never scores."""
