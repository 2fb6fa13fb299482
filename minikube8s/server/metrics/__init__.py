"""/metrics: what is counted while serving, and its text for Prometheus.

`requests` counts, cheaply, on every request; `families` is what a metric is and its text form;
`report` reads everything else, only when somebody asks. Other rooms have plain numbers and know
nothing of this one: `cluster/figures.py` brings them here as a `Source`.
"""

from minikube8s.server.metrics.families import Family, Source, counter, gauge, histogram
from minikube8s.server.metrics.requests import RequestFigures, in_flight

__all__ = ["Family", "RequestFigures", "Source", "counter", "gauge", "histogram", "in_flight"]
