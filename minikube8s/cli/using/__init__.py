"""What `mk8s top` shows: what nodes, pods and containers use, once or as it goes on."""
