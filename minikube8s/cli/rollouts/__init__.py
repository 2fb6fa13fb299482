"""How new versions of workloads come about: `mk8s rollout`. Pure, but for `following.py`."""
