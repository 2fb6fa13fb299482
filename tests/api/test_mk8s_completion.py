"""Tab in a real shell completes mk8s' lines with what is in the cluster."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.api.apiserver import ApiServer, configmap
from tests.api.kubectl import kubeconfig
from tests.support import tmux

BEGINNINGS = {
    "bash": ["bash", "--norc", "--noprofile"],
    "zsh": ["zsh", "-f"],
    "fish": ["fish", "--no-config"],
}
LOADING = {
    "bash": "PS1='> '; alias k=mk8s; source <(mk8s completion bash); complete -F _mk8s k; clear",
    "zsh": ("PS1='> '; autoload -Uz compinit; compinit -D; source <(mk8s completion zsh); clear"),
    "fish": "function fish_prompt; echo -n '> '; end; mk8s completion fish | source; clear",
}


@pytest.fixture(params=BEGINNINGS)
def shell(
    request: pytest.FixtureRequest, api: ApiServer, namespace: str, tmp_path: Path
) -> Iterator[tmux.Screen]:
    """A shell that knows how to complete mk8s, in a namespace with two ConfigMaps."""
    name = request.param
    if shutil.which(name) is None and os.environ.get("CI") != "true":
        pytest.skip(f"{name} is not installed")
    for one in ("candle", "lantern"):
        api.create(f"/api/v1/namespaces/{namespace}/configmaps", configmap(one))
    config = tmp_path / "kubeconfig"
    config.write_text(json.dumps(kubeconfig(api, namespace)))
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    environment = os.environ | {"KUBECONFIG": str(config), "HOME": str(tmp_path), "PATH": path}
    environment |= {"MK8S_HOME": str(tmp_path / "no-cluster"), "TERM": "screen-256color"}
    with tmux.opened(BEGINNINGS[name], environment) as screen:
        screen.enter(LOADING[name])
        screen.wait_for(r"^> *$")
        yield screen


def test_tab_completes_verbs_flags_and_names(shell: tmux.Screen, namespace: str) -> None:
    shell.type("mk8s descr")
    shell.press("Tab")
    shell.wait_for(r"^> mk8s describe *")
    shell.type("configmaps can")
    shell.press("Tab")
    shell.wait_for(r"^> mk8s describe configmaps candle *")
    shell.type("--namespace=kube-pub")
    shell.press("Tab")
    shell.wait_for(r"candle --namespace=kube-public *")
    shell.press("C-c")
    shell.wait_for(r"^> *$")
    shell.type("mk8s get configmaps/lan")
    shell.press("Tab")
    shell.wait_for(r"mk8s get configmaps/lantern *")


@pytest.mark.parametrize("shell", ["bash"], indirect=True)
def test_an_alias_is_completed_as_what_it_stands_for(shell: tmux.Screen) -> None:
    shell.type("k get configmaps cand")
    shell.press("Tab")
    shell.wait_for(r"^> k get configmaps candle *")
