"""ResourceQuota: what objects use, which of them a quota is about, and how much is left."""

from minikube8s.registry.quota.quotas import Quotas

__all__ = ["Quotas"]
