"""What ends next, out of any number of things that end by themselves."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from minikube8s.registry.quota.endings import SLACK, Endings

START = datetime(2026, 1, 1, tzinfo=UTC)
CHANGES = st.lists(st.tuples(st.sampled_from("abcd"), st.none() | st.integers(0, 5)), max_size=40)


@given(CHANGES)
def test_the_first_is_the_one_with_the_least_time(changes: list[tuple[str, int | None]]) -> None:
    endings, model = Endings(), dict[str, datetime]()
    for key, seconds in changes:
        end = None if seconds is None else START + timedelta(seconds=seconds)
        endings.put(key, end)
        model.pop(key, None)
        if end is not None:
            model[key] = end
        assert endings.first() == min(((at, one) for one, at in model.items()), default=None)


def test_what_has_gone_takes_no_room() -> None:
    endings = Endings()
    endings.put("first", START)
    for number in range(10 * SLACK):
        endings.put(f"n{number}", START + timedelta(hours=1))
        endings.put(f"n{number}", None)
    assert len(endings._heap) <= SLACK + 2
