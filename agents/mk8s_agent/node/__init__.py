"""The node as a whole: what it is, how it is, and what is done when it runs short."""
