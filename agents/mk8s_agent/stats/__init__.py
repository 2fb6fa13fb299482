"""What the node and its containers use, as the kernel counts it."""
