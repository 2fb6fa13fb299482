"""Pod specs are held to the finer rules, in Kubernetes' words."""

import pytest

from minikube8s.api import defaults
from minikube8s.api.resources import DEPLOYMENTS
from minikube8s.api.strategy import for_resource
from tests.support.podchecks import STRATEGY, changed, pod, problems

VOLUME = {"volumes": [{"name": "v", "emptyDir": {}}]}


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        (
            {"securityContext": {"runAsUser": -1}},
            "spec.containers[0].securityContext.runAsUser: Invalid value: -1: must be between 0"
            " and 2147483647, inclusive",
        ),
        (
            {"securityContext": {"allowPrivilegeEscalation": False, "privileged": True}},
            "spec.containers[0].securityContext: Invalid value:"
            ' {"allowPrivilegeEscalation":false,"privileged":true}: cannot set'
            " `allowPrivilegeEscalation` to false and `privileged` to true",
        ),
        (
            {"securityContext": {"seccompProfile": {"type": "Localhost"}}},
            "spec.containers[0].securityContext.seccompProfile.localhostProfile: Required value:"
            " must be set when seccomp type is Localhost",
        ),
        (
            {"securityContext": {"procMount": "Unmasked"}},
            'spec.containers[0].securityContext.procMount: Invalid value: "Unmasked":'
            " `hostUsers` must be false to use `Unmasked`",
        ),
        (
            {"resources": {"limits": {"hugepages-2Mi": "4Mi"}}},
            "spec.containers[0].resources: Forbidden: HugePages require cpu or memory",
        ),
        (
            {"resources": {"claims": [{"name": "c"}]}},
            'spec.containers[0].resources.claims[0]: Not found: "c": must be one of the names in'
            " pod.spec.resourceClaims which is empty",
        ),
        (
            {"resizePolicy": [{"resourceName": "cpu", "restartPolicy": "Sometimes"}]},
            'spec.containers[0].resizePolicy: Unsupported value: "Sometimes": supported values:'
            ' "NotRequired", "RestartContainer"',
        ),
        (
            {"volumeDevices": [{"name": "d", "devicePath": "/dev/d"}]},
            'spec.containers[0].volumeDevices[0].name: Not found: "d"',
        ),
        (
            {"lifecycle": {"preStop": {"sleep": {"seconds": 31}}}},
            "spec.containers[0].lifecycle.preStop.sleep: Invalid value: 31: must be non-negative"
            " and less than terminationGracePeriodSeconds (30)",
        ),
        (
            {"restartPolicy": "Sometimes"},
            'spec.containers[0].restartPolicy: Unsupported value: "Sometimes": supported values:'
            ' "Always", "OnFailure", "Never"',
        ),
        (
            {"image": " nginx"},
            'spec.containers[0].image: Invalid value: " nginx": must not have leading or trailing'
            " whitespace",
        ),
        (
            {"livenessProbe": {"httpGet": {"port": 80, "httpHeaders": [{"name": "a b"}]}}},
            'spec.containers[0].livenessProbe.httpGet.httpHeaders: Invalid value: "a b": a valid'
            " HTTP header must consist of alphanumeric characters or '-' (e.g. 'X-Header-Name',"
            " regex used for validation is '[-A-Za-z0-9]+')",
        ),
    ],
)
def test_a_container_is_refused_for_what_it_asks(fields, problem):
    assert problems(pod(**fields)) == [problem]


@pytest.mark.parametrize(
    ("spec", "problem"),
    [
        (
            {"shareProcessNamespace": True, "hostPID": True},
            "spec.securityContext.shareProcessNamespace: Invalid value: true:"
            " ShareProcessNamespace and HostPID cannot both be enabled",
        ),
        (
            {"hostUsers": False, "hostNetwork": True},
            "spec.hostNetwork: Forbidden: when `pod.Spec.HostUsers` is false",
        ),
        (
            {"hostNetwork": True, "securityContext": {"sysctls": [{"name": "net.core.somaxconn"}]}},
            'spec.securityContext.sysctls[0].name: Invalid value: "net.core.somaxconn": may not be'
            " specified when 'hostNetwork' is true",
        ),
        (
            {"dnsConfig": {"nameservers": ["1.1.1.1"] * 4}},
            'spec.dnsConfig.nameservers: Invalid value: ["1.1.1.1","1.1.1.1","1.1.1.1","1.1.1.1"]:'
            " must not have more than 3 nameservers",
        ),
        (
            {"hostAliases": [{"ip": "1.1.1.1", "hostnames": ["a_b"]}]},
            'spec.hostAliases[0].hostnames[0]: Invalid value: "a_b": a lowercase RFC 1123 subdomain'
            " must consist of lower case alphanumeric characters, '-' or '.', and must start and"
            " end with an alphanumeric character (e.g. 'example.com', regex used for validation is"
            " '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')",
        ),
        (
            {"schedulingGates": [{"name": "a"}, {"name": "a"}]},
            'spec.schedulingGates[1]: Duplicate value: "a"',
        ),
        (
            {"volumes": [{"name": "v", "hostPath": {"path": "/a", "type": "Fil"}}]},
            'spec.volumes[0].hostPath.type: Unsupported value: "Fil": supported values: "",'
            ' "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File",'
            ' "FileOrCreate", "Socket"',
        ),
        (
            {"volumes": [{"name": "v", "emptyDir": {"sizeLimit": "-1"}}]},
            "spec.volumes[0].emptyDir.sizeLimit: Forbidden: SizeLimit field must be a valid"
            " resource quantity",
        ),
        (
            {"volumes": [{"name": "v", "downwardAPI": {"items": [{"path": "a"}]}}]},
            "spec.volumes[0].downwardAPI.items[0]: Required value: one of fieldRef and"
            " resourceFieldRef is required",
        ),
        (
            {
                "volumes": [
                    {
                        "name": "v",
                        "projected": {
                            "sources": [
                                {"serviceAccountToken": {"path": "t", "expirationSeconds": 1}}
                            ]
                        },
                    }
                ]
            },
            "spec.volumes[0].projected.sources[0].serviceAccountToken.expirationSeconds: Invalid"
            " value: 1: may not specify a duration less than 10 minutes",
        ),
        (
            {
                "topologySpreadConstraints": [
                    {
                        "maxSkew": 1,
                        "topologyKey": "zone",
                        "whenUnsatisfiable": "ScheduleAnyway",
                        "minDomains": 2,
                        "labelSelector": {},
                    }
                ]
            },
            "spec.topologySpreadConstraints[0].minDomains: Invalid value: 2: can only use"
            " minDomains if whenUnsatisfiable=DoNotSchedule, not ScheduleAnyway",
        ),
        (
            {
                "affinity": {
                    "nodeAffinity": {
                        "requiredDuringSchedulingIgnoredDuringExecution": {
                            "nodeSelectorTerms": [
                                {
                                    "matchFields": [
                                        {"key": "spec.x", "operator": "In", "values": ["a"]}
                                    ]
                                }
                            ]
                        }
                    }
                }
            },
            "spec.affinity.nodeAffinity.requiredDuringSchedulingIgnoredDuringExecution"
            '.nodeSelectorTerms[0].matchFields[0].key: Invalid value: "spec.x": not a valid field'
            " selector key",
        ),
        (
            {"preemptionPolicy": "Sometimes"},
            'spec.preemptionPolicy: Unsupported value: "Sometimes": supported values:'
            ' "PreemptLowerPriority", "Never"',
        ),
        (
            {"os": {"name": "plan9"}},
            'spec.os.name: Unsupported value: "plan9": supported values: "linux", "windows"',
        ),
        (
            {"resourceClaims": [{"name": "c"}]},
            "spec.resourceClaims[0]: Required value: must specify one of: `resourceClaimName`,"
            " `resourceClaimTemplateName`",
        ),
        (
            {"ephemeralContainers": [{"name": "e", "image": "x", "ports": [{"containerPort": 1}]}]},
            "spec.ephemeralContainers[0].ports: Forbidden: cannot be set for an Ephemeral"
            " Container",
        ),
    ],
)
def test_a_pod_is_refused_for_what_it_asks(spec, problem):
    assert problems(pod(spec)) == [problem]


def test_devices_are_counted_and_not_shared():
    obj = pod(resources={"limits": {"example.com/gpu": "2"}, "requests": {"example.com/gpu": "1"}})
    assert problems(obj) == [
        'spec.containers[0].resources.requests: Invalid value: "1": must be equal to'
        " example.com/gpu limit of 2"
    ]
    obj["spec"]["containers"][0]["resources"] = {"requests": {"example.com/gpu": "1500m"}}
    assert problems(obj) == [
        'spec.containers[0].resources.requests[example.com/gpu]: Invalid value: "1500m": must be'
        " an integer",
        "spec.containers[0].resources.limits: Required value: Limit must be set for non"
        " overcommitable resources",
    ]


def test_mounts_and_devices_do_not_share_a_path():
    obj = pod(
        VOLUME,
        volumeMounts=[{"name": "v", "mountPath": "/v", "mountPropagation": "Bidirectional"}],
        volumeDevices=[{"name": "v", "devicePath": "/v"}],
    )
    assert problems(obj) == [
        'spec.containers[0].volumeMounts[0].mountPath: Invalid value: "/v": must not already exist'
        " as a path in volumeDevices",
        "spec.containers[0].volumeMounts[0].mountPropagation: Forbidden: Bidirectional mount"
        " propagation is available only to privileged containers",
        'spec.containers[0].volumeDevices[0].devicePath: Invalid value: "/v": must not already'
        " exist as a path in volumeMounts",
    ]


def test_a_template_may_leave_host_ports_and_images_for_later():
    deployment = {
        "metadata": {"name": "web", "namespace": "default"},
        "spec": {
            "selector": {"matchLabels": {"app": "web"}},
            "template": {
                "metadata": {"labels": {"app": "web"}},
                "spec": {
                    "hostNetwork": True,
                    "containers": [{"name": "a", "image": " ", "ports": [{"containerPort": 80}]}],
                },
            },
        },
    }
    defaults.apply(DEPLOYMENTS, deployment)
    (container,) = deployment["spec"]["template"]["spec"]["containers"]
    assert container["ports"] == [{"containerPort": 80, "protocol": "TCP"}]
    assert for_resource(DEPLOYMENTS).validate(deployment) == []


def test_a_pod_on_the_hosts_network_has_its_ports():
    obj = pod({"hostNetwork": True}, ports=[{"containerPort": 80}])
    assert obj["spec"]["containers"][0]["ports"][0]["hostPort"] == 80
    wrong = pod({"hostNetwork": True}, ports=[{"containerPort": 80, "hostPort": 81}])
    assert problems(wrong) == [
        "spec.containers[0].ports[0].hostPort: Invalid value: 81: must match `containerPort` when"
        " `hostNetwork` is true"
    ]


def test_a_new_pod_has_no_ephemeral_containers_and_no_node_behind_a_gate():
    obj = pod(
        {
            "ephemeralContainers": [{"name": "e", "image": "x"}],
            "nodeName": "n",
            "schedulingGates": [{"name": "g"}],
        }
    )
    assert problems(obj) == []
    assert [f"{cause.field}: {cause.message}" for cause in STRATEGY.validate_new(obj)] == [
        "spec.ephemeralContainers: Forbidden: cannot be set on create",
        "spec.nodeName: Forbidden: cannot be set until all schedulingGates have been cleared",
    ]


def test_containers_of_a_pod_neither_come_nor_go():
    assert changed(pod(), containers=[]) == [
        "spec.containers: Forbidden: pod updates may not add or remove containers"
    ]


def test_a_toleration_may_only_change_its_seconds():
    old = pod({"tolerations": [{"key": "a", "operator": "Exists", "effect": "NoExecute"}]})
    later = {"key": "a", "operator": "Exists", "effect": "NoExecute", "tolerationSeconds": 5}
    assert changed(old, tolerations=[later]) == []
    assert changed(old, tolerations=[{**later, "key": "b"}]) == [
        "spec.tolerations: Forbidden: existing toleration can not be modified except its"
        " tolerationSeconds"
    ]


def test_scheduling_gates_are_only_taken_away():
    old = pod({"schedulingGates": [{"name": "a"}, {"name": "b"}]})
    assert changed(old, schedulingGates=[{"name": "b"}]) == []
    assert changed(old, schedulingGates=[{"name": "c"}]) == [
        "spec.schedulingGates[0].name: Forbidden: only deletion is allowed, but found new"
        " scheduling gate 'c'"
    ]


def test_a_gated_pods_choice_of_nodes_only_gets_narrower():
    def terms(*expressions):
        term = {"matchExpressions": list(expressions)}
        needed = {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": [term]}}
        return {"nodeAffinity": needed}

    ssd = {"key": "disk", "operator": "In", "values": ["ssd"]}
    fast = {"key": "fast", "operator": "Exists"}
    gated = pod(
        {"schedulingGates": [{"name": "a"}], "nodeSelector": {"a": "1"}, "affinity": terms(ssd)}
    )
    assert changed(gated, nodeSelector={"a": "1", "b": "2"}) == []
    assert changed(gated, affinity=terms(ssd, fast)) == []
    assert changed(pod({"schedulingGates": [{"name": "a"}]}), affinity=terms(fast)) == []
    assert changed(gated, nodeSelector={"a": "2"}) == [
        'spec.nodeSelector: Invalid value: {"a":"2"}: only additions to spec.nodeSelector are'
        " allowed (no mutations or deletions)"
    ]
    (problem,) = changed(gated, affinity=terms(fast))
    assert problem.endswith("only additions are allowed (no mutations or deletions)")
    (problem,) = changed(pod(), nodeSelector={"b": "2"})
    assert problem.startswith("spec: Forbidden: pod updates may not change fields other than")


def test_a_negative_grace_period_is_kept_and_may_become_a_second():
    old = pod({"terminationGracePeriodSeconds": -1})
    assert problems(old) == []
    assert changed(old, terminationGracePeriodSeconds=1) == []
    assert changed(old, terminationGracePeriodSeconds=2)
