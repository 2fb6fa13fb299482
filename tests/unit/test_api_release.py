import tomllib
from pathlib import Path

import minikube8s
from minikube8s.api.release import GIT_VERSION, version_document


def test_the_package_and_its_metadata_agree_on_the_version() -> None:
    project = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text())
    assert project["project"]["version"] == minikube8s.__version__


def test_the_git_version_tells_kubernetes_and_our_own() -> None:
    assert f"v1.36.0+mk8s.{minikube8s.__version__}" == GIT_VERSION
    assert version_document()["gitVersion"] == GIT_VERSION
