"""Where bytes are kept: LMDB environments, files and locks. Knows nothing of what the bytes mean."""
