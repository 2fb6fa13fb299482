"""Which address a new pod gets.

Pure: what is in use comes in as a value (read from the engine's labels and from the kernel's
links), so that a restart leaks no address and nothing has to be written down.
"""

from collections.abc import Set
from ipaddress import IPv4Address, IPv4Network, ip_address, ip_network

from mk8s_agent.network.errors import AddressesExhausted

RESERVED = 2
"""The network's own address and the first one, which is the node's (see `node_address`)."""


def node_address(cidr: str) -> str:
    """The first address of the node's pod range: the node's own address towards its pods."""
    return str(ip_network(cidr)[1])


def paired(address: str, cidr: str, second: str = "") -> tuple[str, ...]:
    """A pod's addresses: `address`, and in the range `second` the one of the same number.

    So the second one needs no bookkeeping of its own. An empty `second` has none.
    """
    if not second:
        return (address,)
    number = int(ip_address(address)) - int(ip_network(cidr).network_address)
    return address, str(ip_network(second)[number])


class AddressPool:
    """Hands out the addresses of one node's pod range, e.g. `10.244.0.0/24`, in turn.

    Going round means that the address freed last is used again last: connections and caches that
    still name it have as long as possible to forget it.
    """

    def __init__(self, cidr: str) -> None:
        network = IPv4Network(cidr)
        self.cidr = cidr
        self._first = int(network.network_address) + RESERVED
        self._size = network.num_addresses - RESERVED - 1
        if self._size < 1:
            raise ValueError(f"pod range {cidr} has no room for pods: use /29 or larger")
        self._last: int | None = None

    def allocate(self, used: Set[str]) -> str:
        """The next address that is not in `used`.

        The first call of a pool begins after the highest address in use. Raises AddressesExhausted.
        """
        if self._last is None:
            self._last = self._highest(used)
        for step in range(1, self._size + 1):
            offset = (self._last - self._first + step) % self._size
            candidate = str(IPv4Address(self._first + offset))
            if candidate not in used:
                self._last = self._first + offset
                return candidate
        raise AddressesExhausted(
            f"all {self._size} pod addresses of {self.cidr} are in use:"
            " delete pods, or give the cluster a larger pod range"
        )

    def _highest(self, used: Set[str]) -> int:
        numbers = (int(IPv4Address(address)) for address in used)
        last = self._first + self._size - 1
        return max((n for n in numbers if self._first <= n <= last), default=self._first - 1)
