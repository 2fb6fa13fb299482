"""The cluster's certificate authority: what it signs and what trusts it."""
