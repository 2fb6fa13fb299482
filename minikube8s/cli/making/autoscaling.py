"""The HorizontalPodAutoscaler that `autoscale` makes."""

from __future__ import annotations

from minikube8s.cli.errors import CommandError
from minikube8s.cli.making.base import Object, made


def autoscaler(obj: Object, name: str, least: int, most: int, cpu_percent: int) -> Object:
    """One for ``obj``, by its processors' use; 0 and less leave a field out."""
    if most < 1:
        raise CommandError(f"--max=MAXPODS is required and must be at least 1, max: {most}")
    if most < least:
        raise CommandError(
            f"--max=MAXPODS must be larger or equal to --min=MINPODS, max: {most}, min: {least}"
        )
    name = name or obj["metadata"]["name"]
    scaled = {"kind": obj["kind"], "name": obj["metadata"]["name"], "apiVersion": obj["apiVersion"]}
    spec: Object = {"scaleTargetRef": scaled}
    if least > 0:
        spec["minReplicas"] = least
    spec["maxReplicas"] = most
    if cpu_percent > 0:
        target = {"type": "Utilization", "averageUtilization": cpu_percent}
        spec["metrics"] = [{"type": "Resource", "resource": {"name": "cpu", "target": target}}]
    status = {"desiredReplicas": 0, "currentMetrics": None}
    return made("HorizontalPodAutoscaler", "autoscaling/v2", name, spec=spec, status=status)
