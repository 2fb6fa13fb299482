"""The tutorial's pages: what chance and the clock chose does not show in them."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.tutoring.world import World
from tests.support.tutorialdocs.steadying import Steady
from tests.support.tutorialworlds import a_pod, a_service

_suffixes = st.lists(
    st.text("bcdfghjklmnpqrstvwxz2456789", min_size=5, max_size=5),
    min_size=4, max_size=4, unique=True,
)  # fmt: skip
_numbers = st.lists(st.integers(2, 254), min_size=4, max_size=4, unique=True)
_chances = st.tuples(
    _suffixes, _numbers, st.integers(96, 111), st.integers(30000, 32767), st.integers(0, 59)
)


def shown(chance: tuple[list[str], list[int], int, int, int]) -> list[str]:
    """A story with two lists of pods: three of them, and one more later."""
    suffixes, numbers, network, port, age = chance
    names = [f"replicaset-nginx-{suffix}" for suffix in suffixes]
    pods = [a_pod(name) for name in names]
    for pod, number in zip(pods, numbers, strict=True):
        pod["status"]["podIP"] = f"10.244.0.{number}"
    service = a_service("web", type="NodePort", clusterIP=f"10.{network}.7.{numbers[0]}")
    service["spec"]["ports"][0]["nodePort"] = port
    steady, lines = Steady(), []
    for few in (pods[:3], pods):
        there = sorted(few, key=lambda pod: pod["metadata"]["name"])
        world = steady.drawn(World(pods=tuple(there), services=(service,)))
        lines += [f"{pod['metadata']['name']} {pod['status']['podIP']}" for pod in world.pods]
        lines.append(str(world.services[0]["spec"]["ports"][0]["nodePort"]))
        rows = [f"{pod['metadata']['name']}   1/1     Running   {age}s" for pod in there]
        table = "\n".join(["NAME   READY   STATUS   AGE", *rows])
        lines += steady.output(table)
    lines.append(steady.line(f"curl 10.{network}.7.{numbers[0]}:8080 and :{port}"))
    return lines


@given(_chances, _chances)
def test_whatever_chance_chose_the_same_is_shown(one, other):
    assert shown(one) == shown(other)


def test_a_table_has_stand_ins_in_order_and_columns_that_fit():
    text = (
        "NAME                     READY   AGE    LABELS\n"
        "replicaset-nginx-zzzzz   1/1     100m   <none>\n"
        "replicaset-nginx-aaaaa   1/1     9s     app=x\n"
    ).replace("aaaaa", "22222")
    assert Steady().output(text) == [
        "NAME                     READY   AGE   LABELS",
        "replicaset-nginx-2hqlw   1/1     12s   <none>",
        "replicaset-nginx-2m9zt   1/1     12s   app=x",
    ]


def test_an_address_that_a_later_pod_has_again_is_another_pods():
    first, second = a_pod("a"), a_pod("b")
    steady = Steady()
    steady.learn(World(pods=(first,)))
    assert steady.line("10.244.0.7 10.244.0.1") == "10.244.0.2 10.244.0.1"
    steady.learn(World(pods=(second,)))
    assert steady.line("10.244.0.7") == "10.244.0.3"


def test_of_an_excerpt_only_what_tells_is_shown():
    assert Steady().output("a: 1\nb: 2\nc: 3\n", ["^a", "^c"]) == ["a: 1", "c: 3", "..."]


def test_a_conversation_begins_where_something_was_typed():
    seen = "try pressing enter.\n\nroot@x:/#\nroot@x:/# ls\nfile\nroot@x:/# exit\nexit\n"
    assert Steady().conversation(seen, ["ls", "exit"]) == [
        "root@x:/# ls", "file", "root@x:/# exit", "exit",
    ]  # fmt: skip
