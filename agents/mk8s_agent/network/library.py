"""The pyroute2 classes that this package uses, without the rest of pyroute2.

Owns the import. `pyroute2/__init__.py` imports every protocol that the library speaks: 80 ms and
12 MB. The message classes below need none of it: with the package's module in place but not
executed they cost 10 ms and 1.6 MB. Must be the only module of the agent that imports pyroute2.
"""

import importlib.util
import sys

_spec = importlib.util.find_spec("pyroute2")
if _spec is None:
    raise ImportError("the agent needs the Python package pyroute2: install it in its environment")
if "pyroute2" not in sys.modules:
    sys.modules["pyroute2"] = importlib.util.module_from_spec(_spec)

from pyroute2.netlink.rtnl.ifaddrmsg import ifaddrmsg  # noqa: E402
from pyroute2.netlink.rtnl.ifinfmsg import ifinfmsg  # noqa: E402
from pyroute2.netlink.rtnl.ndmsg import ndmsg  # noqa: E402
from pyroute2.netlink.rtnl.rtmsg import rtmsg  # noqa: E402

__all__ = ["ifaddrmsg", "ifinfmsg", "ndmsg", "rtmsg"]
