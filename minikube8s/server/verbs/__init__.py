"""What can be done with a resource, one file a group of verbs; `table.py` lists them all."""
