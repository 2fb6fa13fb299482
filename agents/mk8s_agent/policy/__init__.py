"""NetworkPolicies: what they mean, and what is theirs in the one nftables table. Mostly pure."""

from typing import Final

POLICIES: Final = "policy"
GROUPS: Final = "policy-pods"
SETS: Final = "policy-set"
PODS: Final = "policy-pod"
KINDS: Final = (POLICIES, GROUPS, SETS, PODS)
"""The kinds of owners of parts: policies have chains, so have the pods that the same policies
select; sets of peers are shared by policies, and each pod has its elements in them.
"""
