"""Which objects a line means: kinds, names, selectors, and what was meant by unknown ones."""
