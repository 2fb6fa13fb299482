"""`mk8s tutorial`: a course of steps, each told, run, checked and drawn."""
