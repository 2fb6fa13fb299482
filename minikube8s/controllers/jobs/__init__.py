"""Jobs: run pods until enough of them have succeeded.

`JobController` watches and reads; `plan` decides: what the pods add up to (`tally.py`), whether the
job is over (`verdict.py`), which pods it needs (`sizing.py`) and which ends are written down
(`tracking.py`). `orphans.py` lets go of pods whose job is gone, `ttl.py` removes finished jobs.
"""

from minikube8s.controllers.jobs.controller import JobController
from minikube8s.controllers.jobs.model import Snapshot
from minikube8s.controllers.jobs.orphans import JobOrphanController
from minikube8s.controllers.jobs.planning import plan
from minikube8s.controllers.jobs.ttl import TtlAfterFinishedController

__all__ = [
    "JobController",
    "JobOrphanController",
    "Snapshot",
    "TtlAfterFinishedController",
    "plan",
]
