"""What a shell offers when Tab is pressed: the scripts, and what they ask of mk8s."""
