"""HTTP to pods, services and nodes through the API server: the proxy subresources."""
