import pytest

from minikube8s.api.quantity import Notation, canonical, from_milli, from_value, parse


@pytest.mark.parametrize(
    ("text", "milli", "value"),
    [
        ("0", 0, 0),
        ("1", 1000, 1),
        (2, 2000, 2),
        (0.5, 500, 1),
        ("250m", 250, 1),
        ("1.5", 1500, 2),
        (".5", 500, 1),
        ("1.", 1000, 1),
        ("+3", 3000, 3),
        ("-1500m", -1500, -1),
        ("1u", 1, 1),
        ("64Mi", 64 * 1024**2 * 1000, 64 * 1024**2),
        ("0.5Gi", 512 * 1024**2 * 1000, 512 * 1024**2),
        ("1k", 10**6, 1000),
        ("2E", 2 * 10**21, 2 * 10**18),
        ("1e3", 10**6, 1000),
        ("1E-3", 1, 1),
        ("0.1n", 1, 1),
    ],
)
def test_amounts_are_exact_and_round_up(text: str | int | float, milli: int, value: int) -> None:
    amount = parse(text)
    assert (amount.milli, amount.value) == (milli, value)


@pytest.mark.parametrize(
    ("written", "stored"),
    [
        ("0.5", "500m"),
        ("1000m", "1"),
        ("1000", "1k"),
        ("1500", "1500"),
        ("1024Mi", "1Gi"),
        ("1536Mi", "1536Mi"),
        ("100Ki", "100Ki"),
        ("1Ki", "1Ki"),
        ("0.5Ki", "512"),
        ("0.9765625Ki", "1k"),
        ("1e3", "1e3"),
        ("12e4", "120e3"),
        ("0Mi", "0"),
        ("-2Gi", "-2Gi"),
        ("0.1Mi", "104857600m"),
        (1, "1"),
    ],
)
def test_canonical_spelling_is_the_one_kubernetes_stores(written: str | int, stored: str) -> None:
    assert canonical(written) == stored


@pytest.mark.parametrize(
    "text",
    ["", ".", "-", "1 Gi", "Mi", "1K", "64MiB", "1mi", "1e", "1m3", "0x10", "1_0", "٣", True],
)
def test_what_is_no_quantity_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"quantit|suffix"):
        parse(text)


def test_amounts_compare_across_notations() -> None:
    assert parse("1") == parse("1000m")
    assert parse("1Gi") > parse("1G")
    assert hash(parse("1Ki")) == hash(parse("1024"))


def test_arithmetic_keeps_the_notation_of_the_first_amount_that_counts() -> None:
    assert str(parse("1Gi") + parse("1024")) == "1048577Ki"
    assert str(parse("0") + parse("1Gi")) == "1Gi"
    assert str(parse("1") - parse("250m")) == "750m"
    assert str(-parse("2")) == "-2"
    assert not parse("0Gi")


def test_amounts_can_be_made_from_numbers() -> None:
    assert str(from_milli(1500)) == "1500m"
    assert str(from_value(2**30, Notation.BINARY_SI)) == "1Gi"


def test_a_huge_exponent_is_capped_instead_of_computed() -> None:
    assert parse("1e999999999").value == 2**63 - 1
    assert parse("1e-999999999") == parse("1n")
