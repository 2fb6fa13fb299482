"""scale, log, binding, eviction, finalize."""

import pytest

from tests.api.apiserver import ApiServer, pod

MERGE = "application/merge-patch+json"


@pytest.fixture
def deployment(api: ApiServer, namespace: str) -> str:
    base = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    template = {"metadata": {"labels": {"app": "web"}}, "spec": pod("x")["spec"]}
    spec = {"replicas": 2, "selector": {"matchLabels": {"app": "web"}}, "template": template}
    api.create(base, {"metadata": {"name": "web"}, "spec": spec})
    return f"{base}/web"


def two_containers(name: str) -> dict:
    body = pod(name)
    containers = body["spec"]["containers"]
    containers.append({"name": "other", "image": "busybox"})
    return body


def test_scale_shows_replicas_and_selector(api: ApiServer, deployment: str) -> None:
    scale = api.get(f"{deployment}/scale").json
    assert (scale["kind"], scale["apiVersion"]) == ("Scale", "autoscaling/v1")
    assert scale["spec"] == {"replicas": 2}
    assert scale["status"]["selector"] == "app=web"


def test_scale_sets_replicas(api: ApiServer, deployment: str) -> None:
    reply = api.request(
        "PATCH", f"{deployment}/scale", {"spec": {"replicas": 5}}, content_type=MERGE
    )
    assert reply.code == 200, reply.data
    assert reply.json["spec"] == {"replicas": 5}
    assert api.get(deployment).json["spec"]["replicas"] == 5
    scale = reply.json | {"spec": {"replicas": 0}}
    assert api.request("PUT", f"{deployment}/scale", scale).code == 200
    assert api.get(deployment).json["spec"]["replicas"] == 0


def test_scale_refuses_nonsense_and_old_revisions(api: ApiServer, deployment: str) -> None:
    url = f"{deployment}/scale"
    negative = api.request("PATCH", url, {"spec": {"replicas": -1}}, content_type=MERGE)
    assert negative.code == 422
    text = api.request("PATCH", url, {"spec": {"replicas": "many"}}, content_type=MERGE)
    assert text.code == 400
    scale = api.get(url).json
    api.request("PATCH", url, {"spec": {"replicas": 9}}, content_type=MERGE)
    assert api.request("PUT", url, scale).code == 409


class TestLog:
    @pytest.fixture
    def running(self, api: ApiServer, namespace: str) -> str:
        """The path of a pod with two containers, one of which runs."""
        base = f"/api/v1/namespaces/{namespace}/pods"
        body = two_containers("p")
        body["spec"]["nodeName"] = "node1"
        created = api.create(base, body)
        created["status"] = {
            "phase": "Pending",
            "containerStatuses": [
                {
                    "name": "main",
                    "image": "nginx",
                    "imageID": "",
                    "ready": True,
                    "restartCount": 0,
                    "state": {"running": {"startedAt": "2024-01-01T00:00:00Z"}},
                },
                {
                    "name": "other",
                    "image": "busybox",
                    "imageID": "",
                    "ready": False,
                    "restartCount": 0,
                    "state": {"waiting": {"reason": "ContainerCreating"}},
                },
            ],
        }
        assert api.request("PUT", f"{base}/p/status", created).code == 200
        return f"{base}/p"

    def test_a_log_comes_as_text_with_its_options_passed_on(
        self, api: ApiServer, namespace: str, running: str
    ) -> None:
        reply = api.get(f"{running}/log?container=main&tailLines=5&timestamps=true")
        assert (reply.code, reply.data) == (200, b"hello\nworld\n")
        assert reply.headers["Content-Type"].startswith("text/plain")
        wanted = ("node1", namespace, "p", "main", {"timestamps": True, "tailLines": 5})
        assert api.pod_streams.asked[-1] == wanted

    def test_a_followed_log_ends_when_the_reader_leaves(self, api: ApiServer, running: str) -> None:
        connection = api.connect()
        connection.request("GET", f"{running}/log?container=main&follow=true")
        response = connection.getresponse()
        assert response.readline() == b"hello\n"
        response.close()
        connection.close()
        assert api.pod_streams.closed.wait(10)

    @pytest.mark.parametrize(
        ("query", "message"),
        [
            ("", "a container name must be specified for pod p, choose one of: [main other]"),
            ("container=nope", "container nope is not valid for pod p"),
            (
                "container=other",
                'container "other" in pod "p" is waiting to start: ContainerCreating',
            ),
            (
                "container=main&previous=true",
                'previous terminated container "main" in pod "p" not found',
            ),
        ],
    )
    def test_what_has_no_log_is_told_in_the_words_of_kubernetes(
        self, api: ApiServer, running: str, query: str, message: str
    ) -> None:
        reply = api.get(f"{running}/log?{query}")
        assert (reply.code, reply.json["message"]) == (400, message)

    @pytest.mark.parametrize(
        ("query", "fault"),
        [
            (
                "sinceSeconds=1&sinceTime=2024-01-01T00:00:00Z",
                ": Forbidden: at most one of `sinceTime` or `sinceSeconds` may be specified",
            ),
            ("limitBytes=0", "limitBytes: Invalid value: 0: must be greater than 0"),
            ("sinceSeconds=0", "sinceSeconds: Invalid value: 0: must be greater than 0"),
            (
                "stream=Both",
                'stream: Unsupported value: "Both": supported values: "All", "Stderr", "Stdout"',
            ),
            (
                "stream=Stderr&tailLines=1",
                ": Forbidden: `tailLines` and specific `stream` are mutually exclusive for now",
            ),
        ],
    )
    def test_options_of_a_log_that_make_no_sense_are_refused_in_the_words_of_kubernetes(
        self, api: ApiServer, running: str, query: str, fault: str
    ) -> None:
        reply = api.get(f"{running}/log?container=main&{query}")
        told = f'PodLogOptions "p" is invalid: {fault}'
        assert (reply.code, reply.json["message"]) == (422, told)

    def test_a_pod_without_a_node_says_so(self, api: ApiServer, namespace: str) -> None:
        base = f"/api/v1/namespaces/{namespace}/pods"
        api.create(base, pod("q"))
        reply = api.get(f"{base}/q/log")
        assert reply.code == 400
        assert "does not have a host assigned" in reply.json["message"]


def test_a_binding_puts_a_pod_on_a_node_once(api: ApiServer, namespace: str) -> None:
    base = f"/api/v1/namespaces/{namespace}/pods"
    api.create(base, pod("p"))
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "node1"}}
    reply = api.post(f"{base}/p/binding", binding)
    assert (reply.code, reply.json["status"]) == (201, "Success")
    bound = api.get(f"{base}/p").json
    assert bound["spec"]["nodeName"] == "node1"
    assert bound["status"]["conditions"][0]["type"] == "PodScheduled"
    again = api.post(f"{base}/p/binding", binding)
    assert again.code == 409
    assert 'pod p is already assigned to node "node1"' in again.json["message"]


def test_a_pod_that_is_held_back_is_bound_by_nobody(api: ApiServer, namespace: str) -> None:
    base = f"/api/v1/namespaces/{namespace}/pods"
    gated = pod("p")
    gated["spec"]["schedulingGates"] = [{"name": "example.com/wait"}]
    api.create(base, gated)
    binding = {"metadata": {"name": "p"}, "target": {"kind": "Node", "name": "node1"}}
    reply = api.post(f"{base}/p/binding", binding)
    assert reply.code == 409
    assert "pod p has non-empty .spec.schedulingGates" in reply.json["message"]
    assert "nodeName" not in api.get(f"{base}/p").json["spec"]


def test_an_eviction_deletes_the_pod(api: ApiServer, namespace: str) -> None:
    base = f"/api/v1/namespaces/{namespace}/pods"
    api.create(base, pod("p"))
    eviction = {"apiVersion": "policy/v1", "kind": "Eviction", "metadata": {"name": "p"}}
    assert api.post(f"{base}/p/eviction", eviction).code == 201
    assert api.get(f"{base}/p").code == 404


def test_a_namespace_goes_when_it_is_finalized(api: ApiServer, namespace: str) -> None:
    url = f"/api/v1/namespaces/{namespace}"
    reply = api.request("DELETE", url)
    assert reply.json["status"]["phase"] == "Terminating"
    finalized = reply.json | {"spec": {"finalizers": []}}
    assert api.request("PUT", f"{url}/finalize", finalized).code == 200
    assert api.get(url).code == 404


def test_an_unknown_subresource_is_not_found(api: ApiServer, namespace: str) -> None:
    assert api.get(f"/api/v1/namespaces/{namespace}/pods/p/nope").code == 404
