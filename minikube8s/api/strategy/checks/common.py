"""Checks of single values."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable, Iterable
from typing import Any

from minikube8s.api import names
from minikube8s.api.errors import Cause, immutable, invalid_value, required, unsupported

Obj = dict[str, Any]

_NOT_NEGATIVE = "must be greater than or equal to 0"
_PERCENT = r"[0-9]+%"
_LONGEST_PERCENT = 10
_LINK_LOCAL_GROUPS = (ipaddress.ip_network("224.0.0.0/24"), ipaddress.ip_network("ff02::/16"))
PROTOCOLS = ("SCTP", "TCP", "UDP")


def named(field: str, value: str, check: Callable[[str], list[str]]) -> list[Cause]:
    """Check a text by one of the checks of `api.names`."""
    return [invalid_value(field, value, problem) for problem in check(value)]


def needed_name(field: str, value: str | None, check: Callable[[str], list[str]]) -> list[Cause]:
    """Check a text that must be there."""
    return named(field, value, check) if value else [required(field)]


def one_of(field: str, value: str | None, valid: Iterable[str]) -> list[Cause]:
    """Check a text of a closed list that must be there."""
    if not value:
        return [required(field)]
    choices = tuple(valid)
    return [] if value in choices else [unsupported(field, value, choices)]


def optional_one_of(field: str, value: str | None, valid: Iterable[str]) -> list[Cause]:
    """Check a text of a closed list that may be absent."""
    return one_of(field, value, valid) if value else []


def not_negative(field: str, value: int | None) -> list[Cause]:
    """Check a number that may be absent, but not below zero."""
    return [invalid_value(field, value, _NOT_NEGATIVE)] if value is not None and value < 0 else []


def port(field: str, value: int) -> list[Cause]:
    """Check a port number."""
    return [invalid_value(field, value, problem) for problem in names.port_number(value)]


def port_or_name(field: str, value: int | str) -> list[Cause]:
    """Check a port given by its number or by the name of a container's port."""
    if isinstance(value, int):
        return port(field, value)
    return named(field, value, names.port_name)


def address(field: str, value: str) -> list[Cause]:
    """Check an IP address; one with a zone is none."""
    try:
        if "%" in value:
            raise ValueError
        ipaddress.ip_address(value)
    except ValueError:
        problem = "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)"
        return [invalid_value(field, value, problem)]
    return []


def ordinary_address(field: str, value: str) -> list[Cause]:
    """Check an IP address that packets may be led to: none of a machine or a link alone."""
    if wrong := address(field, value):
        return wrong
    found = ipaddress.ip_address(value)
    if found.is_unspecified:
        return [invalid_value(field, value, f"may not be unspecified ({value})")]
    if found.is_loopback:
        why = "may not be in the loopback range (127.0.0.0/8, ::1/128)"
        return [invalid_value(field, value, why)]
    if found.is_link_local:
        why = "may not be in the link-local range (169.254.0.0/16, fe80::/10)"
        return [invalid_value(field, value, why)]
    if any(found in one for one in _LINK_LOCAL_GROUPS if one.version == found.version):
        why = "may not be in the link-local multicast range (224.0.0.0/24, ff02::/10)"
        return [invalid_value(field, value, why)]
    return []


def range_of(field: str, value: str) -> list[Cause]:
    """Check a range of IP addresses."""
    try:
        if "/" not in value:
            raise ValueError
        ipaddress.ip_network(value, strict=False)
    except ValueError:
        problem = "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)"
        return [invalid_value(field, value, problem)]
    return []


def local_path(field: str, value: str) -> list[Cause]:
    """Check a path that has to stay below where it is put."""
    causes = []
    if value.startswith("/"):
        causes.append(invalid_value(field, value, "must be a relative path"))
    return causes + no_backsteps(field, value)


def no_backsteps(field: str, value: str) -> list[Cause]:
    """Check that a path does not lead upwards."""
    if ".." in value.split("/"):
        return [invalid_value(field, value, "must not contain '..'")]
    return []


def labels(field: str, values: dict[str, str] | None) -> list[Cause]:
    """Check label keys and values."""
    causes: list[Cause] = []
    for key, value in (values or {}).items():
        causes += named(field, key, names.qualified_name)
        causes += named(field, value, names.label_value)
    return causes


def label_selector(field: str, selector: Obj | None) -> list[Cause]:
    """Check a LabelSelector."""
    if selector is None:
        return []
    causes = labels(f"{field}.matchLabels", selector.get("matchLabels"))
    for position, expression in enumerate(selector.get("matchExpressions") or ()):
        at = f"{field}.matchExpressions[{position}]"
        operator, values = expression.get("operator"), expression.get("values")
        if operator in ("In", "NotIn"):
            if not values:
                why = "must be specified when `operator` is 'In' or 'NotIn'"
                causes.append(required(f"{at}.values", why))
        elif operator in ("Exists", "DoesNotExist"):
            if values:
                why = "may not be specified when `operator` is 'Exists' or 'DoesNotExist'"
                causes.append(Cause(f"{at}.values", "FieldValueForbidden", f"Forbidden: {why}"))
        else:
            causes.append(
                invalid_value(f"{at}.operator", operator or "", "not a valid selector operator")
            )
        causes += named(f"{at}.key", expression.get("key") or "", names.qualified_name)
        for place, value in enumerate(values or ()):
            causes += named(f"{at}.values[{place}]", value, names.label_value)
    return causes


def count_or_percent(field: str, value: int | str) -> list[Cause]:
    """Check a number of pods, or a percentage as text."""
    if isinstance(value, int):
        return not_negative(field, value)
    if len(value) <= _LONGEST_PERCENT and re.fullmatch(_PERCENT, value):
        return []
    problem = (
        "a valid percent string must be a numeric string followed by an ending '%' (e.g. '1%',"
        f"  or '93%', regex used for validation is '{_PERCENT}')"
    )
    return [invalid_value(field, value, problem)]


def percentage(value: int | str) -> int:
    """Return the number of a checked count or percentage, without its sign."""
    return value if isinstance(value, int) else int(value.removesuffix("%"))


def budget(field: str, value: int | str) -> list[Cause]:
    """Check a number of pods, or a percentage of at most all of them."""
    causes = count_or_percent(field, value)
    if not causes and isinstance(value, str) and percentage(value) > 100:
        causes.append(invalid_value(field, value, "must not be greater than 100%"))
    return causes


def kept(
    new: Obj, old: Obj, names: Iterable[str], prefix: str = "", *, once_set: bool = False
) -> list[Cause]:
    """Refuse changes of immutable fields; `once_set` allows to set what was not set."""
    return [
        immutable(f"{prefix}{name}", new.get(name))
        for name in names
        if new.get(name) != old.get(name) and not (once_set and old.get(name) is None)
    ]
