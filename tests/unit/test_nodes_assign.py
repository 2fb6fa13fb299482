"""The index of who needs what, by example and against a model."""

import msgspec

from minikube8s.nodes.assign import Delivery, Index
from minikube8s.nodes.references import ObjectKey, PlacedPod


def pod(name: str) -> ObjectKey:
    return ObjectKey("pods", "default", name)


def config(name: str) -> ObjectKey:
    return ObjectKey("configmaps", "default", name)


def test_what_a_pod_names_is_delivered_before_it_and_only_once():
    index = Index()
    assert index.place(pod("a"), "one", frozenset({config("c")})) == [
        Delivery("one", config("c"), True),
        Delivery("one", pod("a"), True),
    ]
    assert index.place(pod("b"), "one", frozenset({config("c")})) == [
        Delivery("one", pod("b"), True)
    ]
    assert index.users_of(config("c")) == ("one",)


def test_what_nobody_names_any_more_is_taken_back():
    index = Index()
    index.place(pod("a"), "one", frozenset({config("c")}))
    index.place(pod("b"), "one", frozenset({config("c")}))
    assert index.remove(pod("a")) == [Delivery("one", pod("a"), False)]
    assert index.remove(pod("b")) == [
        Delivery("one", pod("b"), False),
        Delivery("one", config("c"), False),
    ]
    assert index.users_of(config("c")) == ()


def test_a_pod_that_comes_back_on_another_node_leaves_the_first():
    index = Index()
    index.place(pod("a"), "one", frozenset({config("c")}))
    assert index.place(pod("a"), "two", frozenset({config("c")})) == [
        Delivery("two", config("c"), True),
        Delivery("two", pod("a"), True),
        Delivery("one", pod("a"), False),
        Delivery("one", config("c"), False),
    ]
    assert index.needs_of("one") == []
    assert index.needs_of("two") == [config("c"), pod("a")]


def test_an_unbound_pod_concerns_nobody():
    index = Index()
    assert index.place(pod("a"), "", frozenset({config("c")})) == []
    assert index.remove(pod("a")) == []
    assert index.pods() == ()


def test_what_a_node_looks_after_stays_whatever_its_pods_name():
    index = Index()
    volume = ObjectKey("persistentvolumes", "", "v")
    index.place(pod("a"), "one", frozenset({volume}))
    assert index.keep(volume, "one") == []
    assert index.remove(pod("a")) == [Delivery("one", pod("a"), False)]
    assert index.needs_of("one") == [volume]
    assert index.keep(volume, "two") == [
        Delivery("two", volume, True),
        Delivery("one", volume, False),
    ]
    assert index.keep(volume, "") == [Delivery("two", volume, False)]
    assert index.kept() == index.users_of(volume) == ()


def test_every_way_to_name_configuration_counts():
    placed = {
        "spec": {
            "nodeName": "one",
            "initContainers": [
                {"env": [{"valueFrom": {"configMapKeyRef": {"name": "c1", "key": "k"}}}]}
            ],
            "containers": [
                {
                    "env": [
                        {"name": "plain", "value": "v"},
                        {"valueFrom": {"secretKeyRef": {"name": "s1"}}},
                        {"valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
                    ],
                    "envFrom": [{"configMapRef": {"name": "c2"}}, {"secretRef": {"name": "s2"}}],
                }
            ],
            "ephemeralContainers": [{"envFrom": [{"configMapRef": {"name": "c3"}}]}],
            "volumes": [
                {"name": "a", "configMap": {"name": "c4"}},
                {"name": "b", "secret": {"secretName": "s3"}},
                {"name": "d", "emptyDir": {}},
                {"name": "f", "persistentVolumeClaim": {"claimName": "claimed"}},
                {"name": "g", "ephemeral": {"volumeClaimTemplate": {"spec": {}}}},
                {
                    "name": "e",
                    "projected": {
                        "sources": [
                            {"configMap": {"name": "c5"}},
                            {"secret": {"name": "s4"}},
                            {"serviceAccountToken": {"path": "token"}},
                        ]
                    },
                },
            ],
            "imagePullSecrets": [{"name": "s5"}],
        }
    }
    view = msgspec.json.decode(msgspec.json.encode(placed), type=PlacedPod)
    assert view.node == "one"
    names = {(key.resource, key.name) for key in view.references("default", "p")}
    assert names == {
        *(("configmaps", f"c{n}") for n in range(1, 6)),
        *(("secrets", f"s{n}") for n in range(1, 6)),
        ("persistentvolumeclaims", "claimed"),
        ("persistentvolumeclaims", "p-g"),
    }
