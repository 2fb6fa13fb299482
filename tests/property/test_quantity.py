from hypothesis import assume, given
from hypothesis import strategies as st

from minikube8s.api.quantity import Notation, Quantity, parse

quantities = st.builds(
    Quantity,
    st.integers(-(2**62) * 10**9, 2**62 * 10**9),
    st.sampled_from(list(Notation)),
)


@given(quantities)
def test_the_canonical_text_reads_back_as_the_same_amount(amount: Quantity) -> None:
    assert parse(str(amount)) == amount


@given(quantities)
def test_canonical_text_is_a_fixed_point(amount: Quantity) -> None:
    text = str(amount)
    # A binary amount that 1024 does not divide is written without a suffix, as in Kubernetes, and
    # is read as a decimal one.
    assume(amount.notation is not Notation.BINARY_SI or text.endswith("i"))
    assert str(parse(text)) == text


@given(quantities, quantities)
def test_order_follows_the_amount(left: Quantity, right: Quantity) -> None:
    assert (left < right) == (left.nano < right.nano)
    assert (left + right) - right == left
