"""`mk8s debug`: a look into pods and nodes from a container that is added beside."""
