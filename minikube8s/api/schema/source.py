"""Where the published Kubernetes definitions lie on disk: in the kubernetes-validate package.

Owns the version in use and the way to the file. The package is located, never imported: importing
it costs a JSON-schema library that nothing here needs.
"""

from __future__ import annotations

from pathlib import Path

VERSION = "v1.36.0"
"""The Kubernetes version whose definitions are used."""


def definitions_file() -> Path:
    """The JSON file whose `$defs` are the definitions, 1.6 MB.

    Raises FileNotFoundError, saying what to install, when it is not there.
    """
    from importlib.util import find_spec  # noqa: PLC0415 - only explain and the generator need it

    spec = find_spec("kubernetes_validate")
    for folder in (spec.submodule_search_locations or []) if spec else []:
        path = Path(folder, "kubernetes-json-schema", f"{VERSION}-local", "_definitions.json")
        if path.is_file():
            return path
    raise FileNotFoundError(
        f"the definitions of Kubernetes {VERSION} are missing; "
        "install the package kubernetes-validate in a version that carries them"
    )


def own_definitions_file() -> Path:
    """The JSON file of definitions that are not among the published ones: of metrics."""
    return Path(__file__).with_name("metrics.json")
