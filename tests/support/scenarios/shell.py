"""The commands of scenarios. In them `KIND/NAME` is an object as kubectl names it.

Machines and the master:

    nodes add n1 n2 cpu=4 pods=110 zone=a    machines, whose agents dial the master
    nodes cut|heal|kill|start n1             the network between, or the machine itself
    crash                                    kill -9 of the master
    crash at write 3                         … just before its third write from now
    start                                    the next life of the master
    advance 5m                               time passes
    quiet 10m                                … and who is written meanwhile

Clients (`-n NAMESPACE` anywhere, or NAME@NAMESPACE):

    apply                                    creates or changes what is given, YAML
    patch KIND/NAME                          merges what is given
    delete KIND/NAME… [background|foreground|orphan] [now]
    scale KIND/NAME 3 · image KIND/NAME nginx:2 · label|annotate KIND/NAME a=b c-
    taint NODE key=value:NoExecute | key-    · cordon|uncordon|drain NODE
    own KIND/NAME KIND/NAME… [blocking]      makes the others owners of the first
    release KIND/NAME                        takes its finalizers away
    ambush KIND/NAME COMMAND                 runs the command between the next look at the object
                                             and the write that follows from it

What is shown:

    get KIND [NAME…] [wide]                  kubectl's table, without ages
    show KIND/NAME status.phase …            parts of an object
    conditions KIND/NAME                     type, status, reason and message of each
    events [KIND/NAME] [Reason…]             those that are new since they were shown last
    containers                               what runs on the machines, known to the master or not
"""

from __future__ import annotations

import shlex
from collections.abc import Awaitable, Callable
from typing import Any

import yaml

from minikube8s.api.errors import ApiError
from minikube8s.api.resources import PODS, RESOURCES, Resource
from minikube8s.controllers.applying import merge
from minikube8s.registry import DeleteOptions
from minikube8s.registry.eviction import evict
from tests.support.scenarios import showing
from tests.support.scenarios.times import seconds
from tests.support.scenarios.world import Down, World

Json = dict[str, Any]
Words = list[str]


class Shell:
    """Carries out commands in one world."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._given = ""
        self._namespace = "default"
        self._events: dict[str, int] = {}

    async def perform(self, line: str, given: str) -> str:
        """Carry out a command with what it is given; return what it prints.

        Raises ValueError for a line that is no command.
        """
        words = shlex.split(line, comments=True)
        answer = await self._world.while_it_lives(self._answer(words, given))
        return self._world.names.shown(answer)

    async def _answer(self, words: Words, given: str) -> str:
        self._namespace, self._given = "default", given
        if "-n" in words:
            at = words.index("-n")
            self._namespace = words[at + 1]
            del words[at : at + 2]
        command: Callable[[Words], Awaitable[str]] | None = getattr(self, f"_do_{words[0]}", None)
        if command is None:
            raise ValueError(f"no command: {' '.join(words)}")
        try:
            return await command(words[1:])
        except ApiError as error:
            return f"Error ({error.reason}): {error.message}"
        except Down as error:
            return f"Error: {error}"

    # ---- machines and the master

    async def _do_nodes(self, words: Words) -> str:
        verb, *rest = words
        sizes = dict(word.split("=", 1) for word in rest if "=" in word)
        for name in (word for word in rest if "=" not in word):
            if verb == "add":
                self._add_node(name, sizes)
                continue
            agent = self._world.agents[name]
            match verb:
                case "cut" | "heal":
                    agent.connected = verb == "heal"
                case "kill":
                    agent.power_off()
                case "start":
                    agent.power_on()
                case _:
                    raise ValueError(f"no command: nodes {verb}")
            self._world.redial(name)
        return ""

    def _add_node(self, name: str, sizes: Json) -> None:
        zone = sizes.pop("zone", "")
        room = {"cpu": "4", "memory": "8Gi", "pods": "110", **sizes}
        ready = {"type": "Ready", "status": "True", "reason": "KubeletReady"}
        number = len(self._world.agents) + 1
        address = {"type": "InternalIP", "address": f"192.0.2.{number}"}
        status = {
            "capacity": room,
            "allocatable": room,
            "addresses": [address],
            "conditions": [ready],
        }
        labels = {"topology.kubernetes.io/zone": zone} if zone else {}
        self._world.add(name, status, labels)

    async def _do_crash(self, words: Words) -> str:
        if words:
            self._world.store.die_before(int(words[-1]))
        else:
            self._world.store.die()
        return ""

    async def _do_start(self, _: Words) -> str:
        await self._world.start()
        return ""

    async def _do_advance(self, words: Words) -> str:
        await self._world.clock.sleep(seconds(words[0]))
        return ""

    async def _do_quiet(self, words: Words) -> str:
        self._world.store.writes.clear()
        await self._world.clock.sleep(seconds(words[0]))
        # What says that a node lives is written all the time.
        written = [key for key in self._world.store.writes if not key.startswith("nodes/")]
        return "\n".join(f"written: {key}" for key in written) or "nothing is written"

    # ---- clients

    async def _do_apply(self, _: Words) -> str:
        answers = [await self._apply(one) for one in yaml.safe_load_all(self._given) if one]
        return "\n".join(answers)

    async def _apply(self, body: Json) -> str:
        resource = next(
            one
            for one in RESOURCES.all()
            if (one.api_version, one.kind) == (_version(body), body["kind"])
        )
        metadata = body.setdefault("metadata", {})
        namespace = metadata.get("namespace", self._namespace) if resource.namespaced else None
        name = metadata.get("name", "")
        registry = self._world.registry
        singular = f"{resource.singular}{'.' if resource.group else ''}{resource.group}"
        try:
            registry.get(resource, namespace, name)
        except ApiError:
            entry = await registry.create(resource, namespace, body)
            return f"{singular}/{entry.name} created"
        await registry.update(resource, namespace, name, lambda one: merge(one, body))
        return f"{singular}/{name} configured"

    async def _do_patch(self, words: Words) -> str:
        patch = yaml.safe_load(self._given)
        subresource = words[1] if len(words) > 1 else ""
        return await self._change(words[0], lambda one: merge(one, patch), subresource)

    async def _do_delete(self, words: Words) -> str:
        fates = {"background": "Background", "foreground": "Foreground", "orphan": "Orphan"}
        propagation: Any = next((fates[word] for word in words if word in fates), None)
        options = DeleteOptions(
            grace_period_seconds=0 if "now" in words else None, propagation=propagation
        )
        for word in (word for word in words if "/" in word):
            resource, namespace, name = self._target(word)
            await self._world.registry.delete(resource, namespace, name, options)
        return ""

    async def _do_scale(self, words: Words) -> str:
        return await self._change(words[0], lambda one: _set(one["spec"], replicas=int(words[1])))

    async def _do_image(self, words: Words) -> str:
        def change(one: Json) -> None:
            one["spec"]["template"]["spec"]["containers"][0]["image"] = words[1]

        return await self._change(words[0], change)

    async def _do_label(self, words: Words) -> str:
        return await self._mark(words, "labels")

    async def _do_annotate(self, words: Words) -> str:
        return await self._mark(words, "annotations")

    async def _do_taint(self, words: Words) -> str:
        def change(one: Json) -> None:
            taints = one["spec"].get("taints") or []
            for word in words[1:]:
                removed = word.endswith("-")
                key, _, effect = word.removesuffix("-").partition(":")
                key, _, value = key.partition("=")
                taints = [
                    taint
                    for taint in taints
                    if taint["key"] != key or (effect and taint["effect"] != effect)
                ]
                if not removed:
                    taints.append({"key": key, "value": value, "effect": effect})
            one["spec"]["taints"] = taints

        return await self._change(f"node/{words[0]}", change)

    async def _do_cordon(self, words: Words) -> str:
        return await self._change(
            f"node/{words[0]}", lambda one: _set(one["spec"], unschedulable=True)
        )

    async def _do_uncordon(self, words: Words) -> str:
        return await self._change(
            f"node/{words[0]}", lambda one: one["spec"].pop("unschedulable", None)
        )

    async def _do_drain(self, words: Words) -> str:
        await self._do_cordon(words)
        registry, refused = self._world.registry, []
        for entry in showing.in_order(registry.list(PODS), self._world.names):
            pod = entry.object
            kinds = {one["kind"] for one in pod["metadata"].get("ownerReferences") or ()}
            if pod["spec"].get("nodeName") == words[0] and "DaemonSet" not in kinds:
                try:
                    await evict(registry, entry.namespace, entry.name, DeleteOptions())
                except ApiError as error:
                    refused.append(f"{entry.name}: Error ({error.reason}): {error.message}")
        return "\n".join(refused)

    async def _do_release(self, words: Words) -> str:
        return await self._change(words[0], lambda one: one["metadata"].pop("finalizers", None))

    async def _do_own(self, words: Words) -> str:
        references = []
        for word in (word for word in words[1:] if "/" in word):
            resource, namespace, name = self._target(word)
            owner = self._world.registry.get(resource, namespace, name)
            reference = {
                "apiVersion": resource.api_version,
                "kind": resource.kind,
                "name": owner.name,
                "uid": owner.uid,
            }
            references.append(reference | {"blockOwnerDeletion": "blocking" in words})
        return await self._change(
            words[0], lambda one: _set(one["metadata"], ownerReferences=references)
        )

    async def _do_ambush(self, words: Words) -> str:
        resource, namespace, name = self._target(words[0])
        command, rest = getattr(self, f"_do_{words[1]}"), words[2:]
        self._world.store.ambushes[resource.key(namespace, name)] = lambda: command(rest)
        return ""

    async def _mark(self, words: Words, field: str) -> str:
        def change(one: Json) -> None:
            marks = one["metadata"].setdefault(field, {})
            for word in words[1:]:
                if word.endswith("-"):
                    marks.pop(word[:-1], None)
                else:
                    key, _, value = word.partition("=")
                    marks[key] = value

        return await self._change(words[0], change)

    async def _change(self, word: str, edit: Callable[[Json], Any], subresource: str = "") -> str:
        resource, namespace, name = self._target(word)

        def change(one: Json) -> Json:
            edit(one)
            return one

        await self._world.registry.update(resource, namespace, name, change, subresource)
        return ""

    # ---- what is shown

    async def _do_get(self, words: Words) -> str:
        wide = "wide" in words
        kind, *names = [word for word in words if word != "wide"]
        resource = _resource(kind)
        entries = self._world.registry.list(
            resource, self._namespace if resource.namespaced and self._namespace != "all" else None
        )
        real = {self._world.names.real(name) for name in names}
        if real:
            entries = [entry for entry in entries if entry.name in real]
        now = self._world.clock.now()
        return showing.table(resource, entries, self._world.names, now, wide=wide)

    async def _do_show(self, words: Words) -> str:
        resource, namespace, name = self._target(words[0])
        obj = self._world.registry.get(resource, namespace, name).object
        return "\n".join(showing.part(obj, path) for path in words[1:])

    async def _do_conditions(self, words: Words) -> str:
        resource, namespace, name = self._target(words[0])
        return showing.conditions(self._world.registry.get(resource, namespace, name).object)

    async def _do_events(self, words: Words) -> str:
        abouts = [self._target(word) for word in words if "/" in word]
        reasons = {word for word in words if "/" not in word}
        names = {(resource.kind, name) for resource, _, name in abouts}
        return showing.events(self._world.registry, self._world.names, self._events, names, reasons)

    async def _do_containers(self, _: Words) -> str:
        return showing.containers(self._world.agents, self._world.names)

    def _target(self, word: str) -> tuple[Resource, str | None, str]:
        kind, _, name = word.partition("/")
        resource = _resource(kind)
        name, _, elsewhere = name.partition("@")
        namespace = (elsewhere or self._namespace) if resource.namespaced else None
        return resource, namespace, self._world.names.real(name)


def _resource(word: str) -> Resource:
    resource = RESOURCES.by_word(word)
    if resource is None:
        raise ValueError(f"no kind: {word}")
    return resource


def _version(body: Json) -> str:
    """Return the apiVersion; where there is none, the kind tells."""
    if "apiVersion" not in body:
        body["apiVersion"] = next(
            one.api_version for one in RESOURCES.preferred() if one.kind == body["kind"]
        )
    return str(body["apiVersion"])


def _set(target: Json, **fields: Any) -> None:
    target.update(fields)
