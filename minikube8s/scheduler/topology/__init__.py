"""Where pods stand to each other: inter-pod affinity and topology spread.

`population` counts the running pods as changes come; `affinity`, `spread` and `spreadscore` judge
nodes from these counts, and say which changes may help a pod that they refused.
"""
