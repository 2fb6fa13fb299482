"""nginx runs while there are Ingresses of our class, rolls over when they change, and goes."""

import base64
from contextlib import suppress
from typing import Any

import pytest

from minikube8s.api import ingressing
from minikube8s.api.errors import ApiError
from minikube8s.api.resources import (
    CONFIGMAPS,
    DEPLOYMENTS,
    INGRESSCLASSES,
    INGRESSES,
    NAMESPACES,
    RESOURCEQUOTAS,
    SECRETS,
    SERVICEACCOUNTS,
    SERVICES,
    STORAGECLASSES,
    Resource,
)
from minikube8s.controllers import applying
from minikube8s.controllers.actions import Plan
from minikube8s.controllers.applying import Outdated
from minikube8s.controllers.ingress import IngressController
from minikube8s.controllers.ingress.controller import Key
from minikube8s.controllers.runner import RegistryReader
from minikube8s.kit import tlspairs
from minikube8s.registry import bootstrap
from minikube8s.store.watching import Event
from tests.support import virtualtime
from tests.support.ingresses import ingress, path, rule
from tests.support.livecluster import LiveCluster, live_cluster
from tests.support.mortal import Killed, Mortal, Silent
from tests.support.registries import a_namespace
from tests.support.tlspairs import made_pair

OWN = (DEPLOYMENTS, SERVICES, SERVICEACCOUNTS, CONFIGMAPS, SECRETS)
CONTROLLER = IngressController("nginx:1")
Json = dict[str, Any]


async def begin(cluster: LiveCluster) -> None:
    await a_namespace(cluster.registry, "kube-system")
    await cluster.registry.create(INGRESSCLASSES, None, ingressing.ingress_class())
    await cluster.create(SERVICES, "web", spec={"ports": [{"port": 80}]})


def planned(cluster: LiveCluster) -> Plan:
    snapshot = CONTROLLER.read(RegistryReader(cluster.registry), Key())
    return CONTROLLER.plan(snapshot, cluster.clock.now())


async def look(cluster: LiveCluster, writes: int = 10**6) -> Plan:
    plan = planned(cluster)
    with suppress(Killed, Outdated):
        await applying.apply(plan, Mortal(cluster.registry, writes), Silent())
    return plan


async def settle(cluster: LiveCluster) -> list[Plan]:
    plans = []
    for _ in range(10):
        before = cluster.registry.revision
        plans.append(await look(cluster))
        if cluster.registry.revision == before:
            return plans
    raise AssertionError("still changing")


def own(cluster: LiveCluster, resource: Resource) -> list[Json]:
    labels = {"app.kubernetes.io/name": "ingress-nginx"}.items()
    return [
        one.object
        for one in cluster.registry.list(resource, "kube-system")
        if labels <= one.labels.items()
    ]


async def in_system(cluster: LiveCluster, resource: Resource, name: str, status: Json) -> None:
    def change(obj: Json) -> Json:
        return {**obj, "status": status}

    await cluster.registry.update(resource, "kube-system", name, change, "status")


async def add(cluster: LiveCluster, name: str, **spec: Any) -> None:
    obj = ingress(name, rule("h", path(f"/{name}", "web")), ingressClassName="mk8s")
    await cluster.create(INGRESSES, name, spec={**obj["spec"], **spec})


def test_what_pods_mount_is_there_before_the_deployment() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "one")
            first = await look(cluster)
            assert {one.resource for one in first.creates} == set(OWN) - {DEPLOYMENTS}
            second = await look(cluster)
            assert [one.resource for one in second.creates] == [DEPLOYMENTS]
            assert not (await look(cluster)).acts

    virtualtime.run(main())


def test_pods_that_do_not_come_up_are_told_of_once() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "one")
            await settle(cluster)
            stuck = {"type": "Progressing", "status": "False", "reason": "ProgressDeadlineExceeded"}
            await in_system(cluster, DEPLOYMENTS, "ingress-nginx", {"conditions": [stuck]})
            told = [one for plan in await settle(cluster) for one in plan.warnings]
            assert [(one.reason, one.about["metadata"]["name"]) for one in told if one.about] == [
                ("FailedToServe", "one")
            ]
            assert "not started within 60 s: see `kubectl describe pods" in told[0].message

    virtualtime.run(main())


def test_a_changed_rule_rolls_over_and_what_old_pods_mount_stays_until_they_are_gone() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "one")
            await settle(cluster)
            (before,) = own(cluster, CONFIGMAPS)
            await add(cluster, "two")
            await settle(cluster)
            assert len(own(cluster, CONFIGMAPS)) == len(own(cluster, SECRETS)) == 2
            (deployment,) = own(cluster, DEPLOYMENTS)
            new = deployment["spec"]["template"]["spec"]["volumes"][0]["configMap"]["name"]
            assert new != before["metadata"]["name"]
            rolled = {
                "observedGeneration": deployment["metadata"]["generation"],
                "replicas": 1,
                "updatedReplicas": 1,
                "availableReplicas": 1,
            }
            await in_system(cluster, DEPLOYMENTS, "ingress-nginx", {**rolled, "replicas": 2})
            await settle(cluster)
            assert len(own(cluster, CONFIGMAPS)) == 2
            await in_system(cluster, DEPLOYMENTS, "ingress-nginx", rolled)
            await settle(cluster)
            for resource in (CONFIGMAPS, SECRETS):
                assert [one["metadata"]["name"] for one in own(cluster, resource)] == [new]

    virtualtime.run(main())


def test_how_many_pods_there_are_is_left_to_the_users() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "one")
            await settle(cluster)

            def scale(obj: Json) -> Json:
                obj["spec"]["replicas"] = 3
                return obj

            await cluster.registry.update(DEPLOYMENTS, "kube-system", "ingress-nginx", scale)
            await add(cluster, "two")
            await settle(cluster)
            assert own(cluster, DEPLOYMENTS)[0]["spec"]["replicas"] == 3

    virtualtime.run(main())


def test_ingresses_have_the_addresses_of_the_service() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "one")
            await add(cluster, "foreign", ingressClassName="else")
            await settle(cluster)
            status = {"loadBalancer": {"ingress": [{"ip": "10.0.0.200", "ipMode": "VIP"}]}}
            await in_system(cluster, SERVICES, "ingress-nginx", status)
            await settle(cluster)
            found = {
                one["metadata"]["name"]: one["status"]["loadBalancer"]
                for one in cluster.objects(INGRESSES)
            }
            assert found == {"one": {"ingress": [{"ip": "10.0.0.200"}]}, "foreign": {}}

    virtualtime.run(main())


def test_what_others_say_of_ingresses_of_a_class_that_has_no_object_stays() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "one")
            await add(cluster, "leaving")
            spec = ingress("theirs", rule("h", path("/", "web")))["spec"]
            metadata = {"annotations": {"kubernetes.io/ingress.class": "theirs"}}
            await cluster.create(INGRESSES, "theirs", metadata=metadata, spec=spec)
            await settle(cluster)
            ours = {"loadBalancer": {"ingress": [{"ip": "10.0.0.200", "ipMode": "VIP"}]}}
            await in_system(cluster, SERVICES, "ingress-nginx", ours)
            theirs = {"loadBalancer": {"ingress": [{"ip": "10.9.9.9"}]}}
            await cluster.registry.update(
                INGRESSES, "default", "theirs", lambda one: {**one, "status": theirs}, "status"
            )
            await settle(cluster)
            await cluster.change(
                INGRESSES, "leaving", lambda one: one["spec"].update(ingressClassName="gone")
            )
            await settle(cluster)
            found = {
                one["metadata"]["name"]: one["status"]["loadBalancer"].get("ingress")
                for one in cluster.objects(INGRESSES)
            }
            assert found == {
                "one": [{"ip": "10.0.0.200"}],
                "leaving": None,
                "theirs": [{"ip": "10.9.9.9"}],
            }

    virtualtime.run(main())


@pytest.mark.parametrize("resource", [SERVICEACCOUNTS, SERVICES, DEPLOYMENTS])
def test_what_others_have_under_our_name_stays_and_is_told(resource: Resource) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            labels = {"app.kubernetes.io/name": "ingress-nginx", "helm": "yes"}
            pod = {"containers": [{"name": "c", "image": "i"}]}
            template = {"metadata": {"labels": labels}, "spec": pod}
            spec: Json = {"selector": {"matchLabels": labels}, "template": template}
            if resource is SERVICES:
                spec = {"ports": [{"port": 80}]}
            metadata = {"name": "ingress-nginx", "labels": labels}
            body: Json = {"metadata": metadata} | (
                {} if resource is SERVICEACCOUNTS else {"spec": spec}
            )
            await cluster.registry.create(resource, "kube-system", body)
            assert not (await look(cluster)).acts
            await add(cluster, "one")
            ((told,), *_) = [plan.warnings for plan in await settle(cluster)]
            assert told.reason == "FailedToServe"
            assert f"{resource.kind} kube-system/ingress-nginx is somebody else's" in told.message
            assert sum(len(own(cluster, one)) for one in OWN) == 1

    virtualtime.run(main())


@pytest.mark.parametrize("what", ["ingress", "class", "other class"])
def test_all_goes_with_the_last_ingress_of_the_class(what: str) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "one")
            await settle(cluster)
            match what:
                case "ingress":
                    await cluster.delete(INGRESSES, "one")
                case "class":
                    await cluster.delete(INGRESSCLASSES, "mk8s")
                case "other class":
                    await cluster.change(
                        INGRESSES, "one", lambda one: one["spec"].update(ingressClassName="x")
                    )
            await settle(cluster)
            assert [own(cluster, resource) for resource in OWN] == [[]] * len(OWN)

    virtualtime.run(main())


def test_without_ingresses_nothing_is_made() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "foreign", ingressClassName="else")
            assert not (await look(cluster)).acts

    virtualtime.run(main())


def test_the_old_annotation_names_the_class_too() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            spec = ingress("old", rule("h", path("/", "web")))["spec"]
            annotations = {"kubernetes.io/ingress.class": "mk8s"}
            await cluster.create(INGRESSES, "old", metadata={"annotations": annotations}, spec=spec)
            assert (await look(cluster)).acts

    virtualtime.run(main())


def test_problems_are_told_once_about_the_ingress_that_has_them() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            spec = ingress("bad", rule("h", path("/", "gone")), ingressClassName="mk8s")["spec"]
            await cluster.create(INGRESSES, "bad", spec=spec)
            plans = await settle(cluster)
            told = [one for plan in plans for one in plan.warnings]
            assert [(one.reason, (one.about or {})["metadata"]["name"]) for one in told] == [
                ("BackendUnavailable", "bad")
            ]
            assert not (await look(cluster)).warnings
            await cluster.create(SERVICES, "gone", spec={"ports": [{"port": 80}]})
            assert not [one for plan in await settle(cluster) for one in plan.warnings]
            await cluster.delete(SERVICES, "gone")
            assert [one for plan in await settle(cluster) for one in plan.warnings]

    virtualtime.run(main())


@pytest.mark.parametrize("writes", range(6))
def test_a_plan_cut_off_after_any_write_is_carried_on(writes: int) -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "one")
            await look(cluster, writes)
            await look(cluster, writes)
            await add(cluster, "two")
            await look(cluster, writes)
            await settle(cluster)
            assert [len(own(cluster, one)) for one in (DEPLOYMENTS, SERVICES)] == [1, 1]
            await cluster.delete(INGRESSES, "one")
            await cluster.delete(INGRESSES, "two")
            await look(cluster, writes)
            await settle(cluster)
            assert [own(cluster, resource) for resource in OWN] == [[]] * len(OWN)

    virtualtime.run(main())


def test_only_changes_that_can_matter_wake_it() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "one", tls=[{"secretName": "tls"}])
            other = await cluster.create(SERVICES, "other", spec={"ports": [{"port": 80}]})
            web = cluster.registry.get(SERVICES, "default", "web")
            secret = await cluster.create(SECRETS, "tls")
            unknown = await cluster.create(SECRETS, "unknown")
            reader = RegistryReader(cluster.registry)

            def wakes(resource: Resource, entry: Any, previous: Any = None) -> bool:
                event = Event("ADDED", entry, previous, entry.revision)
                return bool(list(CONTROLLER.keys(resource, event, reader)))

            assert wakes(SERVICES, web) and not wakes(SERVICES, web, web)
            assert not wakes(SERVICES, other)
            assert wakes(SECRETS, secret) and not wakes(SECRETS, unknown)

    virtualtime.run(main())


def test_what_the_registry_refuses_is_told_about_the_newest_ingress() -> None:
    heard: list[tuple[str, str, str]] = []

    class Told(Silent):
        def event(self, *about: Any) -> None:
            obj, _, reason, message = about
            heard.append((obj["metadata"]["name"], reason, message))

    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "one")
            forbidden = {"hard": {"secrets": "0"}}
            await cluster.registry.create(
                RESOURCEQUOTAS, "kube-system", {"metadata": {"name": "q"}, "spec": forbidden}
            )
            with pytest.raises(ApiError):
                await applying.apply(planned(cluster), cluster.registry, Told())
            ((name, reason, message),) = heard
            assert (name, reason) == ("one", "FailedToServe")
            assert message.startswith("Ingresses cannot be served as they say: secrets ")
            assert "exceeded quota: q" in message

    virtualtime.run(main())


def test_a_deleted_class_stays_deleted_over_restarts_of_the_master() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await bootstrap.ensure(cluster.registry)
            await cluster.delete(INGRESSCLASSES, "mk8s")
            await cluster.delete(STORAGECLASSES, "local-path")
            await bootstrap.ensure(cluster.registry)
            assert cluster.registry.list(INGRESSCLASSES, None) == []
            assert cluster.registry.list(STORAGECLASSES, None) == []

    virtualtime.run(main())


def test_a_cluster_that_has_no_classes_yet_gets_them_at_the_next_start() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await bootstrap.ensure(cluster.registry)

            def forget(obj: Json) -> Json:
                obj["metadata"].pop("annotations")
                return obj

            await cluster.registry.update(NAMESPACES, None, "kube-system", forget)
            await cluster.delete(INGRESSCLASSES, "mk8s")
            await bootstrap.ensure(cluster.registry)
            assert [one.name for one in cluster.registry.list(INGRESSCLASSES, None)] == ["mk8s"]

    virtualtime.run(main())


def test_a_secret_of_kind_tls_is_read_and_others_are_not() -> None:
    async def main() -> None:
        async with live_cluster() as cluster:
            await begin(cluster)
            await add(cluster, "one", tls=[{"secretName": "tls"}])
            data = {"tls.crt": base64.b64encode(b"x").decode(), "tls.key": "%%%"}
            with suppress(Exception):
                await cluster.create(SECRETS, "tls", data=data)
            plans = await settle(cluster)
            assert [one.reason for plan in plans for one in plan.warnings] == ["InvalidTLSSecret"]

    virtualtime.run(main())


def test_openssl_itself_judges_certificates() -> None:
    certificate, key = made_pair("a.example")
    weak, other = made_pair("a.example", bits=1024), made_pair("a.example")
    assert tlspairs.refusal(certificate, key) == ""
    assert tlspairs.refusal(certificate + other[0], key) == ""
    assert tlspairs.refusal(certificate, other[1]) == "the key is not that of the certificate"
    assert tlspairs.refusal(*weak) == "OpenSSL says: ee key too small"
    for nonsense in (("x", "y"), ("", ""), (certificate, "")):
        assert tlspairs.refusal(*nonsense) == (
            "certificate and key must be PEM, the key without a password"
        )
