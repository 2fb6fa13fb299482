"""How objects become what files say: comparing, patching, pruning, several requests at once."""
