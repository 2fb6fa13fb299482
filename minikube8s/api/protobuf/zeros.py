"""Where zero says something: fields in which 0, false or "" differs from an absent value.

In Kubernetes' types these are pointers, or they are always shown in JSON; every other zero is what
JSON leaves out. By the field's name alone: where one name is both, it is listed if keeping a zero
does no harm and losing one does.
"""

from __future__ import annotations

ZERO_NUMBERS = frozenset(
    {
        # times: an empty message is no time, a zero is the beginning of 1970
        "seconds",
        # metadata and deletion
        *("blockOwnerDeletion", "controller", "deletionGracePeriodSeconds"),
        *("gracePeriodSeconds", "orphanDependents"),
        # pods
        *("activeDeadlineSeconds", "allowPrivilegeEscalation", "automountServiceAccountToken"),
        *("defaultMode", "enableServiceLinks", "exitCode", "fsGroup", "hostUsers", "immutable"),
        *("mode", "optional", "priority", "privileged", "readOnlyRootFilesystem", "ready"),
        *("restartCount", "runAsGroup", "runAsNonRoot", "runAsUser", "setHostnameAsFQDN"),
        *("shareProcessNamespace", "started", "terminationGracePeriodSeconds"),
        *("tolerationSeconds", "value"),
        # workloads and autoscaling
        *("averageUtilization", "backoffLimit", "backoffLimitPerIndex", "completions"),
        *("currentReplicas", "desiredReplicas", "failedJobsHistoryLimit", "manualSelector"),
        *("maxFailedIndexes", "minReplicas", "parallelism", "partition"),
        *("progressDeadlineSeconds", "replicas", "revisionHistoryLimit"),
        *("stabilizationWindowSeconds", "startingDeadlineSeconds", "successfulJobsHistoryLimit"),
        *("suspend", "ttlSecondsAfterFinished"),
        # services, leases, storage
        *("allocateLoadBalancerNodePorts", "allowVolumeExpansion", "attachRequired"),
        *("leaseTransitions", "podInfoOnMount", "requiresRepublish", "serving"),
        *("storageCapacity", "terminating"),
        # custom resource definitions
        *("exclusiveMaximum", "exclusiveMinimum", "maxItems", "maxLength", "maxProperties"),
        *("maximum", "minItems", "minLength", "minProperties", "minimum", "served", "storage"),
        "x-kubernetes-preserve-unknown-fields",
    }
)
"""Fields whose 0 or false is kept."""

EMPTY_TEXTS = frozenset({"storageClassName"})
"""Fields whose empty string is kept: here it means "no class", absence means the default one."""

ZERO_PORTS = frozenset({"targetPort"})
"""IntOrString fields that are no pointers: their 0 stands for absence, unlike maxSurge's."""
