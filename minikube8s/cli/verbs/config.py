"""`mk8s config`: what kubeconfigs say, and changes of them."""

from __future__ import annotations

from minikube8s.cli.command import group
from minikube8s.cli.configuring import changing, viewing


@group("config", aliases={"use": "use-context"})
def command() -> None:
    """Show and change kubeconfigs: contexts, clusters, users and which context is current.

    --kubeconfig names one file; else the files in KUBECONFIG count, where it is set, else the
    kubeconfig of this machine's cluster, where there is one, and then ~/.kube/config.
    """


for found in (
    viewing.view,
    viewing.current_context,
    viewing.get_contexts,
    viewing.get_clusters,
    viewing.get_users,
    *changing.COMMANDS,
):
    command.add_command(found)
