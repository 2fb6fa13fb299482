"""What is looked at before a start: the machine, its kernel, engine and networks."""
