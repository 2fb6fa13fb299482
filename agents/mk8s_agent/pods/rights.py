"""What a container may do: its security context and the pod's, in the engine's terms. Pure."""

from __future__ import annotations

from minikube8s.api.views import Container, Pod
from minikube8s.api.views.containers import Profile, SELinuxOptions
from mk8s_agent.pods.errors import ConfigError
from mk8s_agent.pods.identity import PodRef
from mk8s_agent.runtime.vocabulary import Security

_UNCONFINED = "unconfined"
_LOCALHOST = "Localhost"


def rights(pod: Pod, ref: PodRef, container: Container, image_user: str, seccomp: str) -> Security:
    """A container's rights; what it does not say itself, the pod says for it. Raises ConfigError.

    `image_user` is the user that the image names, `seccomp` the text of the node's profile that
    `localhost_seccomp` names.
    """
    own, shared = container.security_context, pod.spec.security_context
    user = shared.run_as_user if own.run_as_user is None else own.run_as_user
    group = shared.run_as_group if own.run_as_group is None else own.run_as_group
    non_root = shared.run_as_non_root if own.run_as_non_root is None else own.run_as_non_root
    if non_root:
        _refuse_root(ref, container, user, image_user)
    groups = [*shared.supplemental_groups]
    if shared.fs_group is not None:
        groups.append(shared.fs_group)
    strict = shared.supplemental_groups_policy == "Strict"
    return Security(
        user=_user(user, group, image_user, strict=strict),
        groups=tuple(str(one) for one in dict.fromkeys(groups)),
        privileged=bool(own.privileged),
        capabilities_add=own.capabilities.add,
        capabilities_drop=own.capabilities.drop,
        read_only_root=bool(own.read_only_root_filesystem),
        no_new_privileges=own.allow_privilege_escalation is False,
        seccomp=_seccomp(own.seccomp_profile or shared.seccomp_profile, seccomp),
        apparmor=_apparmor(own.app_armor_profile or shared.app_armor_profile),
        selinux=_label(own.se_linux_options or shared.se_linux_options),
        whole_proc=own.proc_mount == "Unmasked",
    )


def localhost_seccomp(pod: Pod, container: Container) -> str:
    """The node's seccomp profile that the container asks for; empty when it asks for none."""
    own, shared = container.security_context, pod.spec.security_context
    profile = own.seccomp_profile or shared.seccomp_profile
    if own.privileged or profile is None or profile.type != _LOCALHOST:
        return ""
    return profile.localhost_profile


def _seccomp(profile: Profile | None, text: str) -> str:
    if profile is None:
        return ""
    return {"Unconfined": _UNCONFINED, _LOCALHOST: text}.get(profile.type, "")


def _apparmor(profile: Profile | None) -> str:
    if profile is None:
        return ""
    return {"Unconfined": _UNCONFINED, _LOCALHOST: profile.localhost_profile}.get(profile.type, "")


def _label(options: SELinuxOptions | None) -> tuple[str, ...]:
    if options is None:
        return ()
    parts = {
        "user": options.user,
        "role": options.role,
        "type": options.type,
        "level": options.level,
    }
    return tuple(f"{part}:{value}" for part, value in parts.items() if value)


def _user(user: int | None, group: int | None, image_user: str, *, strict: bool) -> str:
    """`uid[:gid]`; a group alone goes with the image's user.

    Without a group the engine adds those that the image has for the user, which `strict` forbids.
    """
    if group is None and strict and not (user is None and ":" in image_user):
        group = 0
    if group is None:
        return "" if user is None else str(user)
    name = (image_user.partition(":")[0] or "0") if user is None else user
    return f"{name}:{group}"


def _refuse_root(ref: PodRef, container: Container, user: int | None, image_user: str) -> None:
    where = f'(pod: "{ref}", container: {container.name})'
    if user == 0:
        raise ConfigError(f"container's runAsUser breaks non-root policy {where}")
    if user is not None:
        return
    name = image_user.partition(":")[0]
    if name in ("", "0", "root"):
        raise ConfigError(f"container has runAsNonRoot and image will run as root {where}")
    if not name.isdecimal():
        raise ConfigError(
            f"container has runAsNonRoot and image has non-numeric user ({name}), "
            f"cannot verify user is non-root {where}"
        )
