"""What `mk8s config` shows of kubeconfigs and changes in them."""
