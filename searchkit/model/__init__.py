"""Plain frozen data that the other rooms hand to each other: schemas, documents, results. No input or output."""
