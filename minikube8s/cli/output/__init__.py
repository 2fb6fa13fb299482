"""How things are shown: forms of `-o`, tables, colours, progress, text that harms no terminal."""
