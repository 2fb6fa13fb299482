"""The node's certificate, renewed while the agent runs.

Owns when the next one is asked for, and how it takes the place of the former. The key stays, so the
two files belong together whenever this ends; the session stays, too: the next connection begins
with the new certificate. When and how again is as with a kubelet:
https://kubernetes.io/docs/reference/access-authn-authz/kubelet-tls-bootstrapping/#certificate-rotation
"""

import logging
import secrets
from datetime import datetime
from pathlib import Path
from random import Random
from typing import NamedTuple

from minikube8s.kit import tlspairs
from minikube8s.kit.backoff import Backoff
from minikube8s.kit.clock import Clock
from minikube8s.kit.privatefiles import write_private
from minikube8s.kit.validity import Validity, validity
from minikube8s.rpc import agent_pb2
from mk8s_agent.link.asking import Asking
from mk8s_agent.link.errors import NoAnswer

log = logging.getLogger(__name__)

EARLIEST, LATEST = 0.7, 0.9
"""In between, by chance, is the share of its time after which a certificate is renewed."""
AGAIN = Backoff(initial=2.0, maximum=1800.0, jitter=0.5)
"""Between attempts of which nothing came; while the master is away, its return is waited for."""
LOOK = 24 * 3600.0
"""Seconds after which the clock is looked at again: a machine may have slept, or been set right."""


class Files(NamedTuple):
    """The certificate, its key, and the request with which to ask for another one (PEM)."""

    certificate: Path
    key: Path
    request: Path


class NotRenewed(Exception):
    """What the master gave is no use; the message says why."""


class Renewal:
    """Keeps one certificate valid."""

    def __init__(self, files: Files, asking: Asking, clock: Clock, random: Random) -> None:
        self._files = files
        self._asking = asking
        self._clock = clock
        self._random = random
        self._said = ""

    async def run(self) -> None:
        """Renew the certificate each time that it is due, until cancelled."""
        while True:
            await self._renew(secrets.token_hex(16), self._random.random())

    def ended(self) -> str:
        """What to do where the certificate has ended; "" where it has not, or cannot be read."""
        try:
            ends = validity(self._files.certificate.read_bytes()).ends
        except (OSError, ValueError):
            return ""
        if self._clock.now() < ends:
            return ""
        return (
            f"this node's certificate ended on {ends:%Y-%m-%d}: let the machine join again, with "
            "what `mk8s token create --print-join-command` prints on the master"
        )

    async def _renew(self, id_: str, chance: float) -> None:
        """Wait until the certificate is due, and return when it is another one."""
        failures = 0
        while True:
            try:
                known = validity(self._files.certificate.read_bytes())
                await self._until(due(known, chance))
                await self._asking.wait()
                await self._replace(id_, known)
            except (NoAnswer, NotRenewed, OSError, ValueError) as error:
                self._tell(str(error))
                await self._clock.sleep(AGAIN.delay(failures, self._random))
                failures += 1
            else:
                return

    async def _until(self, moment: datetime) -> None:
        while (left := (moment - self._clock.now()).total_seconds()) > 0:
            await self._clock.sleep(min(left, LOOK))

    async def _replace(self, id_: str, known: Validity) -> None:
        """Ask for a certificate that lasts longer than the known one, and put it in its place."""
        request = agent_pb2.CertificateRequest(id=id_, request=self._files.request.read_bytes())
        answer = await self._asking.ask(lambda stub: stub.RenewCertificate, request)
        new = validity(answer.certificate)
        if new.ends <= known.ends:
            raise NotRenewed(f"the new one ends no later, on {new.ends:%Y-%m-%d}, as its authority")
        pair = answer.certificate.decode("ascii"), self._files.key.read_text()
        if refusal := tlspairs.refusal(*pair):
            raise NotRenewed(f"the new one cannot be used: {refusal}")
        write_private(self._files.certificate, answer.certificate)
        self._said = ""
        log.info("the node's certificate was renewed; it ends on %s", f"{new.ends:%Y-%m-%d}")

    def _tell(self, why: str) -> None:
        """Log each reason once, not each attempt."""
        level = logging.DEBUG if why == self._said else logging.WARNING
        log.log(level, "the node's certificate was not renewed yet: %s", why)
        self._said = why


def due(known: Validity, chance: float) -> datetime:
    """When a certificate is to be renewed, of a number from 0 to 1."""
    share = EARLIEST + (LATEST - EARLIEST) * chance
    return known.begins + (known.ends - known.begins) * share
