"""Web pages before they are documents: addresses, extraction, and the store a crawl leaves behind."""
