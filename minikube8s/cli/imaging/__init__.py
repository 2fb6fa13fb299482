"""`mk8s image`: which images nodes have, stand-ins for a registry's, copies without a registry."""
