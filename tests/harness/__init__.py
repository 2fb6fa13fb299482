"""What the tests share: waiting for conditions, a private Docker engine, a cluster of one's own."""
