"""Validation of what all makers of pods have: a selector, and a template that fits it."""

from __future__ import annotations

from minikube8s.api.errors import (
    ApiError,
    Cause,
    forbidden_field,
    immutable,
    invalid_value,
    required,
    unsupported,
)
from minikube8s.api.selectors import from_label_selector
from minikube8s.api.strategy.checks import metadata, podspec
from minikube8s.api.strategy.checks.common import Obj, label_selector, not_negative

TEMPLATE = "spec.template"


def check(spec: Obj, word: str, title: str) -> list[Cause]:
    """Check replicas, selector and template; `word` and `title` name the kind in messages."""
    causes = not_negative("spec.replicas", spec.get("replicas"))
    causes += not_negative("spec.minReadySeconds", spec.get("minReadySeconds"))
    selector = spec.get("selector")
    if selector is None:
        causes.append(required("spec.selector"))
    else:
        causes += label_selector("spec.selector", selector)
        if not selector.get("matchLabels") and not selector.get("matchExpressions"):
            why = f"empty selector is invalid for {word}"
            causes.append(invalid_value("spec.selector", selector, why))
    template = spec.get("template") or {}
    causes += check_labels(template, selector)
    return causes + check_lasting(_with_claims(template, spec), title)


def _with_claims(template: Obj, spec: Obj) -> Obj:
    """Return the template with the volumes that claims made for each pod will be."""
    claims = spec.get("volumeClaimTemplates") or ()
    names = [(claim.get("metadata") or {}).get("name") or "" for claim in claims]
    if not names:
        return template
    pod = template.get("spec") or {}
    own = [one for one in pod.get("volumes") or () if one.get("name") not in names]
    claimed = [{"name": name, "persistentVolumeClaim": {"claimName": name}} for name in names]
    return {**template, "spec": {**pod, "volumes": own + claimed}}


def check_labels(template: Obj, selector: Obj | None) -> list[Cause]:
    """Check that pods made from the template are found by the selector."""
    labels = (template.get("metadata") or {}).get("labels") or {}
    if not selector or matches(selector, labels):
        return []
    why = "`selector` does not match template `labels`"
    return [invalid_value(f"{TEMPLATE}.metadata.labels", labels, why)]


def check_lasting(template: Obj, title: str) -> list[Cause]:
    """Check a template of pods that are always started again."""
    spec = template.get("spec") or {}
    causes = check_template(TEMPLATE, template)
    policy = spec.get("restartPolicy")
    if policy in podspec.RESTART_POLICIES and policy != "Always":
        causes.append(unsupported(f"{TEMPLATE}.spec.restartPolicy", policy, ("Always",)))
    if spec.get("activeDeadlineSeconds") is not None:
        why = f"activeDeadlineSeconds in {title} is not Supported"
        causes.append(forbidden_field(f"{TEMPLATE}.spec.activeDeadlineSeconds", why))
    return causes


def check_template(field: str, template: Obj) -> list[Cause]:
    """Check a pod template by itself."""
    return [
        *metadata.check_template(f"{field}.metadata", template.get("metadata") or {}),
        *podspec.check(f"{field}.spec", template.get("spec") or {}, in_pod=False),
    ]


def selector_kept(new: Obj, old: Obj) -> list[Cause]:
    """Refuse a change of the selector: pods that no longer match would be left behind."""
    selector = new["spec"].get("selector")
    if selector == old["spec"].get("selector"):
        return []
    return [immutable("spec.selector", selector)]


def matches(selector: Obj, labels: dict[str, str]) -> bool:
    """Tell whether a selector finds these labels, or is wrong by itself."""
    try:
        return from_label_selector(selector).matches(labels)
    except ApiError:
        # What is wrong with the selector itself is reported at its own field.
        return True
