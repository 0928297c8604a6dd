"""The crawler: a process that fetches pages politely and leaves them in the page store.

`crawler.run.run(job)` is the only door. Nothing here knows how pages are indexed.
"""
