"""What a container is made of: environment, command, limits, rights, files."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
from mk8s_agent.dns.resolvconf import Resolver, parse
from mk8s_agent.pods.container_spec import Surroundings, container_spec
from mk8s_agent.pods.dns import ClusterDns, resolver_of
from mk8s_agent.pods.environment import environment
from mk8s_agent.pods.errors import ConfigError
from mk8s_agent.pods.expansion import expand
from mk8s_agent.pods.fields import Place
from mk8s_agent.pods.files import host_name, hosts_text
from mk8s_agent.pods.identity import PodRef
from mk8s_agent.pods.qos import oom_score_adj, qos_class
from mk8s_agent.pods.service_env import service_environment
from mk8s_agent.runtime.errors import RuntimeFault
from mk8s_agent.runtime.vocabulary import ContainerSpec

from minikube8s.api import views
from tests.support.agentnode import container, pod_json, view

PLACE = Place(("192.0.2.10",), ("10.244.0.2",), 2000, 1 << 30, 10 << 30)


class Sources:
    """One ConfigMap and one Secret."""

    def configmap(self, namespace: str, name: str) -> views.ConfigMap | None:
        return views.ConfigMap(data={"color": "blue", "size": "9"}) if name == "config" else None

    def secret(self, namespace: str, name: str) -> views.Secret | None:
        data = {"password": base64.b64encode(b"sesame").decode()}
        return views.Secret(data=data) if name == "secret" else None


def build(services: dict[str, str] | None = None, **fields: Any) -> dict[str, str]:
    labels = {"app": "web"}
    first = container("first", resources={"limits": {"cpu": 3}})
    pod = view(pod_json(container(**fields), metadata={"labels": labels}, initContainers=[first]))
    return environment(pod, pod.spec.containers[0], Sources(), PLACE, services or {})


def source(kind: str, **fields: Any) -> list[dict[str, Any]]:
    return [{"name": "X", "valueFrom": {kind: fields}}]


def test_values_may_refer_to_what_stands_before_them() -> None:
    env = [
        {"name": "A", "value": "1"},
        {"name": "B", "value": "$(A)-$(LATER)-$$(A)-$(HOST)"},
        {"name": "LATER", "value": "x"},
    ]
    assert build({"HOST": "h"}, env=env)["B"] == "1-$(LATER)-$(A)-h"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("$(A)", "1"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$$$$(A)", "$$(A)"),
        ("$(B)", "$(B)"),
        ("$(A)$(A)-$(A", "11-$(A"),
        ("$($(A))", "$($(A))"),
        ("$(A(B))", "$(A(B))"),
        ("$A $ $(", "$A $ $("),
        ("$()", "$()"),
        ("$$", "$"),
        ("a$", "a$"),
        ("$(with.dot)", "2"),
    ],
)
def test_expansion(text: str, expected: str) -> None:
    assert expand(text, {"A": "1", "with.dot": "2"}) == expected


@pytest.mark.parametrize(
    ("env", "value"),
    [
        (source("configMapKeyRef", name="config", key="color"), "blue"),
        (source("secretKeyRef", name="secret", key="password"), "sesame"),
        (source("fieldRef", fieldPath="metadata.name"), "web"),
        (source("fieldRef", fieldPath="metadata.labels['app']"), "web"),
        (source("fieldRef", fieldPath="status.podIP"), "10.244.0.2"),
        (source("fieldRef", fieldPath="status.hostIP"), "192.0.2.10"),
        (source("fieldRef", fieldPath="spec.nodeName"), "node1"),
        (source("resourceFieldRef", resource="limits.cpu"), "1"),
        (source("resourceFieldRef", resource="limits.cpu", divisor="1m"), "250"),
        (source("resourceFieldRef", resource="limits.memory", divisor="1Mi"), "1024"),
        (source("resourceFieldRef", resource="requests.memory"), "0"),
        (source("resourceFieldRef", resource="limits.hugepages-2Mi"), "0"),
        (source("resourceFieldRef", resource="limits.cpu", containerName="first"), "3"),
        (source("resourceFieldRef", resource="limits.ephemeral-storage", divisor="1Gi"), "10"),
        (source("fieldRef", fieldPath="status.podIPs"), "10.244.0.2"),
        (source("fieldRef", fieldPath="status.hostIPs"), "192.0.2.10"),
    ],
)
def test_values_from_elsewhere(env: list[dict[str, Any]], value: str) -> None:
    assert build(env=env, resources={"limits": {"cpu": "250m"}})["X"] == value


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"env": source("configMapKeyRef", name="no", key="k")}, 'configmap "no" not found'),
        (
            {"env": source("configMapKeyRef", name="config", key="k")},
            "couldn't find key k in ConfigMap default/config",
        ),
        ({"env": source("secretKeyRef", name="no", key="k")}, 'secret "no" not found'),
        (
            {"env": source("secretKeyRef", name="secret", key="k")},
            "couldn't find key k in Secret default/secret",
        ),
        ({"envFrom": [{"configMapRef": {"name": "no"}}]}, 'configmap "no" not found'),
        ({"envFrom": [{"secretRef": {"name": "no"}}]}, 'secret "no" not found'),
    ],
)
def test_what_is_missing_is_named(fields: dict[str, Any], message: str) -> None:
    with pytest.raises(ConfigError) as failure:
        build(**fields)
    assert str(failure.value) == message


def test_what_is_optional_may_be_missing() -> None:
    env = source("secretKeyRef", name="no", key="k", optional=True)
    several = [{"configMapRef": {"name": "no", "optional": True}}]
    assert build(env=env, envFrom=several) == {}


def test_all_keys_of_a_configmap_with_a_prefix_and_single_ones_on_top() -> None:
    several = [{"prefix": "C_", "configMapRef": {"name": "config"}}]
    env = [{"name": "C_size", "value": "10"}]
    assert build(env=env, envFrom=several) == {"C_color": "blue", "C_size": "10"}


def service(name: str, namespace: str = "default", ip: str = "10.96.0.9") -> views.Service:
    ports = [{"port": 80, "name": "http"}, {"port": 53, "protocol": "UDP", "name": "dns"}]
    text = {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"clusterIP": ip, "ports": ports},
    }
    return views.decode(views.Service, json.dumps(text).encode())


def test_services_of_the_namespace_are_variables() -> None:
    known = [service("my-web"), service("other", "elsewhere"), service("headless", ip="None")]
    found = service_environment([*known, service("kubernetes")], "default", links=True)
    assert found["MY_WEB_SERVICE_HOST"] == "10.96.0.9"
    assert found["MY_WEB_SERVICE_PORT"] == "80" and found["MY_WEB_SERVICE_PORT_DNS"] == "53"
    assert found["MY_WEB_PORT"] == "tcp://10.96.0.9:80"
    assert found["MY_WEB_PORT_53_UDP"] == "udp://10.96.0.9:53"
    assert found["MY_WEB_PORT_53_UDP_PROTO"] == "udp"
    assert not any(name.startswith(("OTHER", "HEADLESS")) for name in found)


def test_without_links_only_the_api_server_is_a_variable() -> None:
    found = service_environment([service("web", "x"), service("kubernetes")], "x", links=False)
    assert found["KUBERNETES_SERVICE_HOST"] == "10.96.0.9"
    assert not any(name.startswith("WEB") for name in found)


def spec_of(
    values: dict[str, str] | None = None,
    image_user: str = "",
    may_protect: bool = True,
    pod: dict[str, Any] | None = None,
    **fields: Any,
) -> ContainerSpec:
    whole = view(pod_json(container(**fields), **(pod or {})))
    around = Surroundings(
        owner={"io.mk8s.node": "node1"},
        sandbox_id="sandbox",
        environment=values or {},
        mounts=(),
        image_user=image_user,
        memory_capacity=1 << 30,
        may_protect=may_protect,
    )
    ref = PodRef("default", "web", "uid-1")
    return container_spec(whole, ref, whole.spec.containers[0], 3, 2, around)


def test_command_and_arguments_are_docker_s_entrypoint_and_command() -> None:
    spec = spec_of({"A": "1"}, command=["run", "$(A)"], args=["$(A)", "$(B)"], workingDir="/w")
    assert spec.command == ("run", "1") and spec.args == ("1", "$(B)")
    assert spec.env == ("A=1",) and spec.working_dir == "/w"
    plain = spec_of()
    assert plain.command is None and plain.args is None


def test_a_container_says_whose_it_is() -> None:
    spec = spec_of()
    assert spec.name == "k8s_app_web_default_uid-1_3"
    assert spec.network == "container:sandbox"
    assert spec.labels["io.mk8s.attempt"] == "3" and spec.labels["io.mk8s.backoff"] == "2"
    assert spec.labels["io.kubernetes.pod.uid"] == "uid-1"
    assert spec.labels["io.mk8s.node"] == "node1"


def test_resources_become_weights_and_limits() -> None:
    limits = spec_of(
        resources={"requests": {"cpu": "500m"}, "limits": {"cpu": "1500m", "memory": "64Mi"}}
    ).limits
    assert (limits.cpu_shares, limits.cpu_quota, limits.memory) == (512, 150_000, 64 << 20)
    nothing = spec_of().limits
    assert (nothing.cpu_shares, nothing.cpu_quota, nothing.memory) == (2, 0, 0)


GUARANTEED = {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1", "memory": "1Gi"}}


@pytest.mark.parametrize(
    ("resources", "qos", "score"),
    [
        ({}, "BestEffort", 1000),
        (GUARANTEED, "Guaranteed", -997),
        ({"limits": GUARANTEED["limits"]}, "Guaranteed", -997),
        ({"requests": {"memory": "512Mi"}}, "Burstable", 500),
        ({"requests": {"cpu": "1"}}, "Burstable", 999),
        ({"requests": {"memory": "4Gi"}}, "Burstable", 3),
        ({"requests": {"cpu": "0"}, "limits": {"memory": "0"}}, "BestEffort", 1000),
        ({"limits": {"cpu": "1", "memory": "0"}}, "Burstable", 999),
        (
            {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "1000m"}},
            "Guaranteed",
            -997,
        ),
        (
            {"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"memory": "0.5Gi"}},
            "Burstable",
            500,
        ),
    ],
)
def test_quality_of_service(resources: dict[str, Any], qos: str, score: int) -> None:
    pod = view(pod_json(container(resources=resources)))
    assert qos_class(pod.spec) == qos
    assert oom_score_adj(pod.spec, pod.spec.containers[0], 1 << 30) == score


def test_init_containers_count_for_the_quality_and_sidecars_outlive_whom_they_serve() -> None:
    side = container("side", restartPolicy="Always")
    app = container(resources={"requests": {"memory": "256Mi"}})
    pod = view(pod_json(app, initContainers=[side]))
    assert qos_class(pod.spec) == "Burstable"
    assert oom_score_adj(pod.spec, pod.spec.init_containers[0], 1 << 30) == 750
    whole = view(pod_json(container(resources=GUARANTEED), initContainers=[container("init")]))
    assert qos_class(whole.spec) == "Burstable"


def test_what_the_node_cannot_do_without_is_kept_longest() -> None:
    pod = view(pod_json(priorityClassName="system-node-critical"))
    assert oom_score_adj(pod.spec, pod.spec.containers[0], 1 << 30) == -997


def test_where_the_kernel_does_not_allow_protection_none_is_asked_for() -> None:
    assert spec_of(resources=GUARANTEED, may_protect=False).limits.oom_score_adj == 0


def test_rights() -> None:
    security = spec_of(
        securityContext={
            "runAsUser": 1000,
            "runAsGroup": 2000,
            "privileged": True,
            "readOnlyRootFilesystem": True,
            "allowPrivilegeEscalation": False,
            "capabilities": {"add": ["NET_ADMIN"], "drop": ["ALL"]},
        },
        pod={"securityContext": {"runAsUser": 1, "fsGroup": 5, "supplementalGroups": [6]}},
    ).security
    assert security.user == "1000:2000" and security.groups == ("6", "5")
    assert security.privileged and security.read_only_root and security.no_new_privileges
    assert security.capabilities_add == ("NET_ADMIN",)
    assert security.capabilities_drop == ("ALL",)


@pytest.mark.parametrize(
    ("image_user", "context", "refused"),
    [
        ("", {}, "image will run as root"),
        ("nginx", {}, "non-numeric user (nginx)"),
        ("101:101", {}, ""),
        ("", {"runAsUser": 7}, ""),
        ("101", {"runAsUser": 0}, "breaks non-root policy"),
    ],
)
def test_run_as_non_root(image_user: str, context: dict[str, Any], refused: str) -> None:
    context = {"runAsNonRoot": True, **context}
    if not refused:
        spec_of(image_user=image_user, securityContext=context)
        return
    with pytest.raises(ConfigError) as failure:
        spec_of(image_user=image_user, securityContext=context)
    assert refused in str(failure.value)


HOST = "# made by hand\nnameserver 192.0.2.53\nsearch corp.example\noptions edns0 ndots:2\n"
CLUSTER = ClusterDns("10.96.0.10", "cluster.local")


@pytest.mark.parametrize(
    ("spec", "cluster", "expected"),
    [
        (
            {},
            CLUSTER,
            "nameserver 10.96.0.10\n"
            "search default.svc.cluster.local svc.cluster.local cluster.local corp.example\n"
            "options ndots:5\n",
        ),
        (
            {},
            ClusterDns(),
            "nameserver 192.0.2.53\nsearch corp.example\noptions edns0 ndots:2\n",
        ),
        (
            {"hostNetwork": True},
            CLUSTER,
            "nameserver 192.0.2.53\nsearch corp.example\noptions edns0 ndots:2\n",
        ),
        (
            {
                "dnsPolicy": "None",
                "dnsConfig": {"nameservers": ["192.0.2.1"], "options": [{"name": "debug"}]},
            },
            CLUSTER,
            "nameserver 192.0.2.1\noptions debug\n",
        ),
        (
            {
                "dnsPolicy": "Default",
                "dnsConfig": {
                    "searches": ["a.example", "corp.example"],
                    "options": [{"name": "ndots", "value": "1"}],
                },
            },
            CLUSTER,
            "nameserver 192.0.2.53\nsearch corp.example a.example\noptions edns0 ndots:1\n",
        ),
    ],
)
def test_resolver(spec: dict[str, Any], cluster: ClusterDns, expected: str) -> None:
    resolver, complaints = resolver_of(view(pod_json(**spec)), cluster, parse(HOST))
    assert (resolver.text(), complaints) == (expected, ())


@pytest.mark.parametrize(
    ("spec", "servers"),
    [
        ({"dnsPolicy": "Default"}, ("10.96.0.10",)),
        ({"hostNetwork": True}, ("127.0.0.1",)),
        ({"dnsPolicy": "ClusterFirstWithHostNet", "hostNetwork": True}, ("10.96.0.10",)),
    ],
)
def test_a_pod_asks_the_clusters_dns_where_the_host_asks_itself(
    spec: dict[str, Any], servers: tuple[str, ...]
) -> None:
    resolver, _ = resolver_of(view(pod_json(**spec)), CLUSTER, parse("nameserver 127.0.0.1\n"))
    assert resolver.nameservers == servers


def test_a_resolver_is_cut_to_what_programs_read_and_says_so() -> None:
    config = {
        "nameservers": ["192.0.2.1", "192.0.2.2", "192.0.2.3"],
        "searches": [f"{n}.example" for n in range(40)],
    }
    resolver, complaints = resolver_of(view(pod_json(dnsConfig=config)), CLUSTER, Resolver())
    assert resolver.nameservers == ("10.96.0.10", "192.0.2.1", "192.0.2.2")
    assert len(resolver.searches) == 32
    assert complaints == (
        "Nameserver limits were exceeded, some nameservers have been omitted, the applied "
        "nameserver line is: 10.96.0.10 192.0.2.1 192.0.2.2",
        "Search Line limits were exceeded, some search paths have been omitted, the applied "
        f"search line is: {' '.join(resolver.searches)}",
    )


def test_a_search_line_is_not_longer_than_programs_read() -> None:
    config = {"searches": [f"{'x' * 200}.{n}" for n in range(20)]}
    resolver, _ = resolver_of(view(pod_json(dnsConfig=config)), ClusterDns(), Resolver())
    assert len(" ".join(resolver.searches)) <= 2048 < len(" ".join(config["searches"]))


def test_hosts_file_names_the_pod_and_its_aliases() -> None:
    aliases = [{"ip": "192.0.2.7", "hostnames": ["db", "cache"]}]
    pod = view(pod_json(hostname="me", subdomain="peers", hostAliases=aliases))
    text = hosts_text(pod, ("10.244.0.2",), "cluster.local", "unused")
    assert "127.0.0.1\tlocalhost\n" in text
    assert "10.244.0.2\tme.peers.default.svc.cluster.local\tme\n" in text
    assert text.endswith("192.0.2.7\tdb\tcache\n")


def test_in_the_hosts_network_the_hosts_file_is_the_hosts() -> None:
    text = hosts_text(view(pod_json(hostNetwork=True)), (), "cluster.local", "192.0.2.1 here\n")
    assert text.endswith("192.0.2.1 here\n")


def test_a_long_name_is_cut_to_what_the_kernel_takes() -> None:
    assert host_name(view(pod_json(name="a" * 62 + "-bc")), "cluster.local") == "a" * 62


@pytest.mark.parametrize(
    ("spec", "name", "names"),
    [
        ({"hostname": "me"}, "me", "me"),
        (
            {"hostname": "me", "subdomain": "peers"},
            "me",
            "me.peers.default.svc.cluster.local\tme",
        ),
        (
            {"hostname": "me", "subdomain": "peers", "setHostnameAsFQDN": True},
            "me.peers.default.svc.cluster.local",
            "me.peers.default.svc.cluster.local\tme",
        ),
        ({"setHostnameAsFQDN": True}, "web", "web"),
        ({"hostnameOverride": "other.example", "subdomain": "x"}, "other.example", "other.example"),
    ],
)
def test_a_pods_names(spec: dict[str, Any], name: str, names: str) -> None:
    pod = view(pod_json(**spec))
    assert host_name(pod, "cluster.local") == name
    assert f"10.244.0.2\t{names}\n" in hosts_text(pod, ("10.244.0.2",), "cluster.local", "")


def test_a_whole_name_that_the_kernel_does_not_take_is_refused() -> None:
    pod = view(pod_json(hostname="a" * 40, subdomain="peers", setHostnameAsFQDN=True))
    with pytest.raises(RuntimeFault, match="64 characters is the max, 72 characters requested"):
        host_name(pod, "cluster.local")
