"""The agent's end of the gRPC link: the only place of the agent that knows gRPC.

`client.Link` keeps the session to the master, `reporter.Reporter` holds what goes up,
`tunnels` serves streams, and `mk8s_agent.assignments` holds what came down. This module
imports nothing heavy, so that `link.reporter` and `link.errors` cost no gRPC.
"""

import os

# gRPC reads these when it is first imported. The agent starts programs with exec, so that gRPC need
# not prepare for forks; and what goes wrong is told in our own log, in sentences.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
