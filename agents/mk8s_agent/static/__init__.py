"""Static pods: from files of the node, run whether there is a master or not."""
