"""The file of `--custom`: a part of a container, as JSON or YAML."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from minikube8s.cli.errors import CommandError

_FIXED = ("name", "command", "image", "lifecycle", "volumeDevices")


def fields_of(file: str) -> dict[str, Any]:
    """The fields that the file adds to the container. Raises CommandError."""
    import yaml

    try:
        content = yaml.safe_load(Path(file).read_text())
    except (OSError, UnicodeDecodeError) as error:
        why = getattr(error, "strerror", None) or error
        raise CommandError(f"{file} cannot be read: {why}") from None
    except yaml.YAMLError as error:
        raise CommandError(f"{file} does not contain a valid container spec: {error}") from None
    if not isinstance(content, dict):
        raise CommandError(f"{file} does not contain a valid container spec: it must be a mapping")
    if any(content.get(field) for field in _FIXED):
        raise CommandError(
            "name, command, image, lifecycle and volume devices are not modifiable via custom "
            "profile"
        )
    return content
