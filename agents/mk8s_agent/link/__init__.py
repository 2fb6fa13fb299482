"""The agent's end of the gRPC link: the only place of the agent that knows gRPC.

`client.Link` keeps the session to the master, `reporter.Reporter` holds what goes up,
`tunnels` serves streams, and `mk8s_agent.assignments` holds what came down. This module
imports nothing, so that `link.reporter` and `link.errors` cost no gRPC.
"""
