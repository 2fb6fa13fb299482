"""What `mk8s get` does: asking for objects, showing them, watching them."""
