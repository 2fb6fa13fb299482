"""Reasons of Events about nodes that claim what is another's: their name, or their address."""

DUPLICATE = "DuplicateNode"
ADDRESS_IN_USE = "AddressInUse"
REASONS = frozenset({DUPLICATE, ADDRESS_IN_USE})
