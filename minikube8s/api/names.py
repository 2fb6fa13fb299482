"""What may be a name, a label or a key, with the sentences Kubernetes refuses the rest with.

Every check returns a list of sentences; empty means valid. Pure.
"""

from __future__ import annotations

import re

SUFFIX_ALPHABET = "bcdfghjklmnpqrstvwxz2456789"
"""Letters of generated suffixes: no vowels, so no words appear; no 0, 1 or 3, which look alike."""
SUFFIX_LENGTH = 5

_QUALIFIED = re.compile(r"([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]")
_LABEL_VALUE = re.compile(rf"({_QUALIFIED.pattern})?")
_DNS1123_LABEL = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?")
_DNS1123_SUBDOMAIN = re.compile(rf"{_DNS1123_LABEL.pattern}(\.{_DNS1123_LABEL.pattern})*")
_UNDERSCORED_LABEL = re.compile(r"[a-z0-9_]([-_a-z0-9]*[a-z0-9_])?")
_UNDERSCORED_SUBDOMAIN = re.compile(
    rf"{_UNDERSCORED_LABEL.pattern}(\.{_UNDERSCORED_LABEL.pattern})*"
)
_HEADER = re.compile(r"[-A-Za-z0-9]+")
_WILDCARD_SUBDOMAIN = re.compile(rf"\*\.{_DNS1123_SUBDOMAIN.pattern}")
_URL_PATH = re.compile(r"[A-Za-z0-9/\-._~%!$&'()*+,;=:]+")
_DNS1035_LABEL = re.compile(r"[a-z]([-a-z0-9]*[a-z0-9])?")
_CONFIG_KEY = re.compile(r"[-._a-zA-Z0-9]+")
_PORT_NAME = re.compile(r"[-a-z0-9]+")
_LETTER = re.compile(r"[a-z]")

_EMPTY = "must be non-empty"


def _too_long(maximum: int) -> str:
    return f"must be no more than {maximum} bytes"


def _rule(sentence: str, pattern: re.Pattern[str], *examples: str) -> str:
    listed = " or ".join(f"'{example}', " for example in examples)
    return f"{sentence} (e.g. {listed}regex used for validation is '{pattern.pattern}')"


def dns1123_label(text: str) -> list[str]:
    """Check a lower-case DNS label of at most 63 characters (container and namespace names)."""
    problems = [_too_long(63)] if len(text) > 63 else []
    if not _DNS1123_LABEL.fullmatch(text):
        if _DNS1123_SUBDOMAIN.fullmatch(text):
            problems.append("must not contain dots")
        else:
            problems.append(
                _rule(
                    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters"
                    " or '-', and must start and end with an alphanumeric character",
                    _DNS1123_LABEL,
                    "my-name",
                    "123-abc",
                )
            )
    return problems


def dns1123_subdomain(text: str) -> list[str]:
    """Check dot-separated DNS labels of at most 253 characters (most objects' names)."""
    problems = [_too_long(253)] if len(text) > 253 else []
    if not _DNS1123_SUBDOMAIN.fullmatch(text):
        problems.append(
            _rule(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric"
                " characters, '-' or '.', and must start and end with an alphanumeric character",
                _DNS1123_SUBDOMAIN,
                "example.com",
            )
        )
    return problems


def dns1123_subdomain_with_underscore(text: str) -> list[str]:
    """Check a subdomain whose labels may hold underscores (search paths of resolvers)."""
    problems = [_too_long(253)] if len(text) > 253 else []
    if not _UNDERSCORED_SUBDOMAIN.fullmatch(text):
        problems.append(
            _rule(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric"
                " characters, '-' or '.', and must start and end with an alphanumeric character",
                _UNDERSCORED_SUBDOMAIN,
                "example.com",
            )
        )
    return problems


def http_header(text: str) -> list[str]:
    """Check the name of an HTTP header."""
    if _HEADER.fullmatch(text):
        return []
    return [
        _rule(
            "a valid HTTP header must consist of alphanumeric characters or '-'",
            _HEADER,
            "X-Header-Name",
        )
    ]


def wildcard_subdomain(text: str) -> list[str]:
    """Check a subdomain whose first label is `*` (hosts of Ingresses)."""
    problems = [_too_long(253)] if len(text) > 253 else []
    if not _WILDCARD_SUBDOMAIN.fullmatch(text):
        problems.append(
            _rule(
                "a wildcard DNS-1123 subdomain must start with '*.', followed by a valid DNS"
                " subdomain, which must consist of lower case alphanumeric characters, '-' or '.'"
                " and end with an alphanumeric character",
                _WILDCARD_SUBDOMAIN,
                "*.example.com",
            )
        )
    return problems


def domain_path(text: str) -> list[str]:
    """Check `dns.prefix/path` (controllers of IngressClasses)."""
    if not text:
        return ['must be a domain-prefixed path (such as "acme.io/foo")']
    host, slash, path = text.partition("/")
    if not slash or not host or not path:
        return ['must be a domain-prefixed path (such as "acme.io/foo")']
    problems = [f"prefix part {fault}" for fault in dns1123_subdomain(host)]
    if not _URL_PATH.fullmatch(path):
        problems.append(f"Invalid path (regex used for validation is '{_URL_PATH.pattern}')")
    return problems


def dns1035_label(text: str) -> list[str]:
    """Check a DNS label that starts with a letter (Service names)."""
    problems = [_too_long(63)] if len(text) > 63 else []
    if not _DNS1035_LABEL.fullmatch(text):
        problems.append(
            _rule(
                "a DNS-1035 label must consist of lower case alphanumeric characters or '-',"
                " start with an alphabetic character, and end with an alphanumeric character",
                _DNS1035_LABEL,
                "my-name",
                "abc-123",
            )
        )
    return problems


def qualified_name(text: str) -> list[str]:
    """Check a label or annotation key: `name` or `dns.prefix/name`."""
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        return [
            f"a qualified name {_qualified_rule()} with an optional DNS subdomain prefix and '/'"
            " (e.g. 'example.com/MyName')"
        ]
    problems: list[str] = []
    if slash:
        faults = dns1123_subdomain(prefix) if prefix else [_EMPTY]
        problems += [f"prefix part {fault}" for fault in faults]
    if not name:
        problems.append(f"name part {_EMPTY}")
    elif len(name) > 63:
        problems.append(f"name part {_too_long(63)}")
    if not _QUALIFIED.fullmatch(name):
        problems.append(f"name part {_qualified_rule()}")
    return problems


def _qualified_rule() -> str:
    return _rule(
        "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with"
        " an alphanumeric character",
        _QUALIFIED,
        "MyName",
        "my.name",
        "123-abc",
    )


def label_value(text: str) -> list[str]:
    """Check a label's value: at most 63 characters, possibly empty."""
    problems = [_too_long(63)] if len(text) > 63 else []
    if not _LABEL_VALUE.fullmatch(text):
        problems.append(
            _rule(
                "a valid label must be an empty string or consist of alphanumeric characters,"
                " '-', '_' or '.', and must start and end with an alphanumeric character",
                _LABEL_VALUE,
                "MyValue",
                "my_value",
                "12345",
            )
        )
    return problems


def path_segment(text: str) -> list[str]:
    """Check a name that only has to fit into a URL path (names of Events' and RBAC objects)."""
    if text in {".", ".."}:
        return [f"may not be '{text}'"]
    return [f"may not contain '{bad}'" for bad in "/%" if bad in text]


def config_key(text: str) -> list[str]:
    """Check a key of a ConfigMap or Secret: it becomes a file's name."""
    if len(text) <= 253 and _CONFIG_KEY.fullmatch(text) and not text.startswith("."):
        return []
    problems = [_too_long(253)] if len(text) > 253 else []
    if not _CONFIG_KEY.fullmatch(text):
        problems.append(
            _rule(
                "a valid config key must consist of alphanumeric characters, '-', '_' or '.'",
                _CONFIG_KEY,
                "key.name",
                "KEY_NAME",
                "key-name",
            )
        )
    if text in {".", ".."}:
        problems.append(f"must not be '{text}'")
    elif text.startswith(".."):
        problems.append("must not start with '..'")
    return problems


def environment_name(text: str) -> list[str]:
    """Check an environment variable's name: printable ASCII without `=`."""
    if text and all(" " <= character <= "~" and character != "=" for character in text):
        return []
    return [
        "a valid environment variable name must consist only of printable ASCII characters"
        " other than '='"
    ]


def port_number(port: int) -> list[str]:
    """Check a TCP or UDP port number."""
    return [] if 1 <= port <= 65535 else ["must be between 1 and 65535, inclusive"]


def port_name(text: str) -> list[str]:
    """Check a port's name: an IANA service name of at most 15 characters."""
    problems = [_too_long(15)] if len(text) > 15 else []
    if not _PORT_NAME.fullmatch(text):
        problems.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
    if not _LETTER.search(text):
        problems.append("must contain at least one letter (a-z)")
    if "--" in text:
        problems.append("must not contain consecutive hyphens")
    if text.startswith("-") or text.endswith("-"):
        problems.append("must not begin or end with a hyphen")
    return problems


def generate(base: str, random_suffix: str) -> str:
    """Return a generated name: `base`, cut so that the result fits a DNS label, and the suffix."""
    return base[: 63 - len(random_suffix)] + random_suffix
