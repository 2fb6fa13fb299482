"""NetworkPolicies: what they mean, and what is theirs in the one nftables table. Mostly pure."""
