"""Many segments as one index: the catalog, the writer, snapshots. What has been committed, and what may be forgotten?"""
