"""The images that the examples and the tests need, built from the distribution's own packages."""
