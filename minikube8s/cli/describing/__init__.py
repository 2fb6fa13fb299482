"""What `describe` prints: one pure function a kind, from objects to lines of cells."""
