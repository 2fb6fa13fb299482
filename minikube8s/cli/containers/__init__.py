"""What verbs about containers share: which pod is meant, waiting for it, talking with it."""
