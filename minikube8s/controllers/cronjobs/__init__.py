"""CronJobs: start jobs at the times of a schedule.

`CronJobController` watches and reads; `plan` decides: which time is due (`timing.py`), what the
status says of the jobs (`status.py`), which finished ones are too old (`history.py`).
"""

from minikube8s.controllers.cronjobs.controller import CronJobController
from minikube8s.controllers.cronjobs.model import Snapshot
from minikube8s.controllers.cronjobs.planning import plan

__all__ = ["CronJobController", "Snapshot", "plan"]
