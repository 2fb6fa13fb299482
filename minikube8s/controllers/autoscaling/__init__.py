"""HorizontalPodAutoscalers: as many pods as what they use asks for.

`rounds` has pods measured, `controller` reads and remembers, `planning` decides: by `proposals`
of each metric, which `counting` makes from the `use` of pods, within `bounds` that look back on
the `history`. `targets` are what is scaled.
"""

from minikube8s.controllers.autoscaling.controller import AutoscalingController
from minikube8s.controllers.autoscaling.rounds import PERIOD, Rounds
from minikube8s.controllers.autoscaling.use import Metrics, NoMetrics

__all__ = ["PERIOD", "AutoscalingController", "Metrics", "NoMetrics", "Rounds"]
