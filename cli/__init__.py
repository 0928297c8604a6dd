"""The `searchkit` command: thin. Each file is one command; what is worth testing twice lives in the library."""
