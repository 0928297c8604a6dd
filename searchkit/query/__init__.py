"""What was asked: text to a syntax tree, and the tree, for one schema and analyzer, to a plan of index terms."""
