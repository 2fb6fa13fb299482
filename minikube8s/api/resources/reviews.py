"""Questions in the form of objects: created, answered, never stored."""

from __future__ import annotations

from minikube8s.api.resources.build import row

_AUTHENTICATION, _AUTHORIZATION = "authentication.k8s.io", "authorization.k8s.io"
_ASK = ("create",)

SELFSUBJECTREVIEWS = row(
    _AUTHENTICATION, "v1", "SelfSubjectReview", "selfsubjectreviews", namespaced=False, verbs=_ASK
)
TOKENREVIEWS = row(
    _AUTHENTICATION, "v1", "TokenReview", "tokenreviews", namespaced=False, verbs=_ASK
)
LOCALSUBJECTACCESSREVIEWS = row(
    _AUTHORIZATION, "v1", "LocalSubjectAccessReview", "localsubjectaccessreviews", verbs=_ASK
)
SELFSUBJECTACCESSREVIEWS = row(
    _AUTHORIZATION,
    "v1",
    "SelfSubjectAccessReview",
    "selfsubjectaccessreviews",
    namespaced=False,
    verbs=_ASK,
)
SELFSUBJECTRULESREVIEWS = row(
    _AUTHORIZATION,
    "v1",
    "SelfSubjectRulesReview",
    "selfsubjectrulesreviews",
    namespaced=False,
    verbs=_ASK,
)
SUBJECTACCESSREVIEWS = row(
    _AUTHORIZATION,
    "v1",
    "SubjectAccessReview",
    "subjectaccessreviews",
    namespaced=False,
    verbs=_ASK,
)

ROWS = (
    SELFSUBJECTREVIEWS,
    TOKENREVIEWS,
    LOCALSUBJECTACCESSREVIEWS,
    SELFSUBJECTACCESSREVIEWS,
    SELFSUBJECTRULESREVIEWS,
    SUBJECTACCESSREVIEWS,
)
