"""Label and field selectors: how clients and controllers say which objects they mean.

Pure values: text or a LabelSelector object goes in, `matches()` answers. Which fields a kind
offers to field selectors is not known here.
"""

from minikube8s.api.selectors.fields import FieldRequirement, FieldSelector, parse_fields
from minikube8s.api.selectors.labels import (
    EVERYTHING,
    NOTHING,
    Requirement,
    Selector,
    from_label_selector,
    from_map,
    parse_labels,
)

__all__ = [
    "EVERYTHING",
    "NOTHING",
    "FieldRequirement",
    "FieldSelector",
    "Requirement",
    "Selector",
    "from_label_selector",
    "from_map",
    "parse_fields",
    "parse_labels",
]
