"""Any input as one stream of records, each with its place in the source, so that a fault can be pointed at.

`source.open_source` is the door; each other module reads one kind. They stream: memory is bounded by one record.
What this room does not know: schemas beyond the names of number fields, indexes, and what becomes of a record.
"""
