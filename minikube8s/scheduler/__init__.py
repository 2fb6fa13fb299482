"""The scheduler: which node a pod runs on, and why none does.

`decision` decides from values with the filters and scores of `plugins` (what these are is told by
`framework`), `usage` keeps what the nodes have left, `loop` is the only one that waits and writes.
"""

from minikube8s.scheduler.loop import Scheduler
from minikube8s.scheduler.profiles import Choice, Profile

__all__ = ["Choice", "Profile", "Scheduler"]
