"""`mk8s bundle`: what a bug report needs, without secrets, bounded in size and time."""
