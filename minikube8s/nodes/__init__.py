"""The master's end of the gRPC link, and the life cycle of nodes.

`links.NodeLinks` is what the master starts. This module imports nothing heavy, so that
`nodes.config` costs no gRPC.
"""

import os

# gRPC reads these when it is first imported. The master starts no programs that gRPC would have to
# prepare for; and what goes wrong is told in our own log, in sentences.
os.environ.setdefault("GRPC_ENABLE_FORK_SUPPORT", "0")
os.environ.setdefault("GRPC_VERBOSITY", "NONE")
