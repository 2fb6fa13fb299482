"""Images that stand in for those of a registry, built from the distribution's own packages."""
