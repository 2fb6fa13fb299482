"""Stubs of the contract between master and agents, generated from proto/ by script/proto."""
