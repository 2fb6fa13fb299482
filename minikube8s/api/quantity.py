"""Resource quantities: `250m`, `1.5Gi`, `1e3`.

Owns the exact arithmetic and the canonical spelling of Kubernetes' Quantity. Knows nothing of
resources, pods or limits. Amounts are integers of nano units (10^-9), the finest step that
Kubernetes keeps; what is finer rounds up (away from zero), as there.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum

PATTERN = r"^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$"
"""The expression that Kubernetes names when it refuses a quantity."""

_NANO = 10**9
_LIMIT = (2**63 - 1) * _NANO
_TEXT = re.compile(r"([+-]?)([0-9]*)(?:\.([0-9]*))?([A-Za-z]{0,2})([+-]?[0-9]*)\Z")
_LONGEST = 128
_DECIMAL = {"n": -9, "u": -6, "m": -3, "": 0, "k": 3, "M": 6, "G": 9, "T": 12, "P": 15, "E": 18}
_BINARY = {"Ki": 10, "Mi": 20, "Gi": 30, "Ti": 40, "Pi": 50, "Ei": 60}
_DECIMAL_SUFFIX = {exponent: suffix for suffix, exponent in _DECIMAL.items()}
_BINARY_SUFFIX = {exponent: suffix for suffix, exponent in _BINARY.items()}


class Notation(Enum):
    """The family of suffixes that a quantity was written with and is printed with."""

    DECIMAL_SI = "DecimalSI"
    BINARY_SI = "BinarySI"
    DECIMAL_EXPONENT = "DecimalExponent"


@dataclass(frozen=True, slots=True, order=True)
class Quantity:
    """An exact amount; equality and order look at the amount only, not at its spelling."""

    nano: int
    notation: Notation = field(default=Notation.DECIMAL_SI, compare=False)

    @property
    def value(self) -> int:
        """The amount in whole units, rounded up: bytes of memory, number of pods."""
        return -(-self.nano // _NANO)

    @property
    def milli(self) -> int:
        """The amount in thousandths, rounded up: millicores of CPU."""
        return -(-self.nano // 10**6)

    def __add__(self, other: Quantity) -> Quantity:
        return Quantity(self.nano + other.nano, self.notation if self.nano else other.notation)

    def __sub__(self, other: Quantity) -> Quantity:
        return Quantity(self.nano - other.nano, self.notation if self.nano else other.notation)

    def __neg__(self) -> Quantity:
        return Quantity(-self.nano, self.notation)

    def __bool__(self) -> bool:
        return self.nano != 0

    def __str__(self) -> str:
        return _canonical(self)


def parse(text: str | int | float) -> Quantity:
    """Read a quantity as it stands in JSON or YAML: a string or a plain number.

    Raises ValueError with Kubernetes' own message when the text is not a quantity.
    """
    if isinstance(text, bool) or not isinstance(text, str | int | float):
        raise ValueError(f"a quantity is a string or a number, not {type(text).__name__}")
    if not isinstance(text, str):
        text = str(text)
    found = _TEXT.match(text) if len(text) <= _LONGEST else None
    if found is None:
        raise ValueError(f"quantities must match the regular expression '{PATTERN}'")
    sign, whole, fraction, suffix, exponent = found.groups(default="")
    if not whole and not fraction:
        raise ValueError(f"quantities must match the regular expression '{PATTERN}'")
    power_of_two, power_of_ten, notation = _scale(suffix, exponent)
    mantissa = int(whole + fraction)
    power_of_ten += 9 - len(fraction)
    nano = _scaled(mantissa << power_of_two, power_of_ten)
    return Quantity(-nano if sign == "-" else nano, notation)


def canonical(text: str | int | float) -> str:
    """The one spelling Kubernetes stores for this quantity: `0.5` is `500m`, `1024Mi` is `1Gi`."""
    return str(parse(text))


def from_milli(milli: int) -> Quantity:
    """A decimal quantity of so many thousandths (CPU)."""
    return Quantity(milli * 10**6)


def from_value(value: int, notation: Notation = Notation.DECIMAL_SI) -> Quantity:
    """A quantity of whole units; memory usually wants `Notation.BINARY_SI`."""
    return Quantity(value * _NANO, notation)


def _scale(suffix: str, exponent: str) -> tuple[int, int, Notation]:
    """The factor that a suffix stands for, as (power of two, power of ten, notation)."""
    if exponent:
        if suffix not in ("e", "E") or not exponent.lstrip("+-"):
            raise ValueError("unable to parse quantity's suffix")
        return 0, int(exponent), Notation.DECIMAL_EXPONENT
    if suffix in _DECIMAL:
        return 0, _DECIMAL[suffix], Notation.DECIMAL_SI
    if suffix in _BINARY:
        return _BINARY[suffix], 0, Notation.BINARY_SI
    raise ValueError("unable to parse quantity's suffix")


def _scaled(mantissa: int, power_of_ten: int) -> int:
    """mantissa x 10^power, rounded up and capped at the largest amount Kubernetes keeps."""
    if mantissa == 0:
        return 0
    if power_of_ten < 0:
        # Beyond this many digits every mantissa that the length limit admits rounds up to one.
        divisor: int = 10 ** min(-power_of_ten, 2 * _LONGEST)
        return -(-mantissa // divisor)
    factor: int = 10 ** min(power_of_ten, _LONGEST)
    return min(mantissa * factor, _LIMIT)


def _canonical(quantity: Quantity) -> str:
    nano = quantity.nano
    if nano == 0:
        return "0"
    if quantity.notation is Notation.BINARY_SI and abs(nano) >= 1024 * _NANO and nano % _NANO == 0:
        whole, exponent = nano // _NANO, 0
        while whole % 1024 == 0 and exponent < 60:
            whole, exponent = whole // 1024, exponent + 10
        return f"{whole}{_BINARY_SUFFIX.get(exponent, '')}"
    exponent = -9
    while nano % 1000 == 0 and exponent < 18:
        nano, exponent = nano // 1000, exponent + 3
    if quantity.notation is Notation.DECIMAL_EXPONENT:
        return f"{nano}e{exponent}" if exponent else str(nano)
    return f"{nano}{_DECIMAL_SUFFIX[exponent]}"
