"""Role-based access control: who may do what, decided on values. Pure.

`Grants` knows all roles and bindings and decides; `missing` tells what somebody may not hand out;
`aggregated_rules` makes roles of roles; `default_roles` is what every cluster begins with. Nothing
here knows HTTP, storage, or who is connected.
"""

from minikube8s.api.rbac.aggregation import aggregated_rules
from minikube8s.api.rbac.cover import FULL_AUTHORITY, describe, missing
from minikube8s.api.rbac.grants import GROUP, Decision, Grants
from minikube8s.api.rbac.rules import Ask, Rule, rules_of

__all__ = [
    "FULL_AUTHORITY",
    "GROUP",
    "Ask",
    "Decision",
    "Grants",
    "Rule",
    "aggregated_rules",
    "describe",
    "missing",
    "rules_of",
]
