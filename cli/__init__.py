"""The `searchkit` command: reads arguments, calls the library, shows what came back. No logic worth testing twice."""
