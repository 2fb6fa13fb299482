"""What a machine that joins believes, asks for and says."""

from __future__ import annotations

import base64
import ssl
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from minikube8s.cli.errors import CommandError
from minikube8s.cli.verbs.token import duration
from minikube8s.cluster import addresses
from minikube8s.cluster.authority import keys, pinning, requests
from minikube8s.cluster.authority.certificates import Authority
from minikube8s.cluster.checkup.findings import Examination, Finding, Mark
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.membership import enrolling, joinchecks, joined, joining, masterclient
from minikube8s.cluster.membership.masterclient import Answer, MasterClient
from minikube8s.cluster.membership.wishes import Wish
from minikube8s.cluster.supervising.daemons import Daemon
from minikube8s.kit import tlspairs
from minikube8s.kit.pidfile import Holder
from minikube8s.kit.privatefiles import write_private

TOKEN = "abcdef.0123456789abcdef"
FINE = Finding(Mark.FINE, "fine")


def test_a_pin_is_the_digest_of_the_authoritys_public_key(tmp_path: Path) -> None:
    """As openssl makes it, by kubeadm's documentation."""
    authority = Authority(tmp_path)
    command = (
        f"openssl x509 -pubkey -in {authority.path} | openssl pkey -pubin -outform der"
        " | openssl dgst -sha256 -hex"
    )
    said = subprocess.run(command, shell=True, capture_output=True, text=True, check=True).stdout
    assert pinning.fingerprints(authority.path.read_bytes()) == [f"sha256:{said.split()[-1]}"]


def test_of_what_a_master_tells_only_pinned_authorities_are_believed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Anybody has the right certificate: whoever sits in between adds his own to it."""
    right, wrong = (Authority(tmp_path / name).path.read_bytes() for name in ("right", "wrong"))
    bundle = base64.b64encode(wrong + right).decode()
    told = {"data": {"kubeconfig": f"    certificate-authority-data: {bundle}\n"}}
    monkeypatch.setattr(MasterClient, "ask", lambda *_: Answer(200, told))
    (pin,) = pinning.fingerprints(right)
    believed = joining.find("10.0.0.5:6443", [f"sha256:{'0' * 64}", pin.upper()])
    assert pinning.fingerprints(believed.authority) == [pin]
    with pytest.raises(ClusterError, match="this is another cluster"):
        joining.find("10.0.0.5:6443", [f"sha256:{'0' * 64}"])


def test_a_nodes_request_asks_for_its_name_in_the_nodes_group_and_no_more() -> None:
    request = requests.made(keys.encoded(keys.new_key()), "system:node:n2", ["system:nodes"])
    assert requests.subject(request) == ("system:node:n2", ("system:nodes",), False)


@pytest.mark.parametrize(
    "master",
    [
        "10.0.0.5",
        "10.0.0.5:",
        ":6443",
        "10.0.0.5:x",
        "h:70000",
        "https://10.0.0.5:6443",
        "ho st:6443",
        "h\x01:6443",
        "fd00::5:6443",
    ],
)
def test_a_master_is_named_by_host_and_port(master: str) -> None:
    with pytest.raises(ClusterError, match="it must read HOST:PORT"):
        MasterClient(master, None)


def test_a_master_that_nobody_reaches_is_told_to_listen_elsewhere() -> None:
    client = MasterClient("127.0.0.1:1", None)
    with pytest.raises(ClusterError, match=r"refuses the connection.*mk8s up --listen 0\.0\.0\.0"):
        client.ask("GET", "/version")


def test_only_a_master_that_others_reach_can_be_joined() -> None:
    assert addresses.joinable(Settings(listen="10.0.0.5", api_port=7443)) == "10.0.0.5:7443"
    with pytest.raises(ClusterError, match="no other machine reaches it"):
        addresses.joinable(Settings())
    with pytest.raises(ClusterError, match="no other machine can join"):
        addresses.joinable(Settings(listen="10.0.0.5", lab=True))


@pytest.mark.parametrize(
    ("text", "seconds"), [("24h", 86400), ("90m", 5400), ("1h30m", 5400), ("2d", 172800), ("0", 0)]
)
def test_a_tokens_time_is_written_as_for_kubeadm(text: str, seconds: int) -> None:
    assert duration(text) == seconds


@pytest.mark.parametrize("text", ["", "24", "h", "1w", "-1h", "0s", "1h x", "999999d"])
def test_other_times_are_refused(text: str) -> None:
    with pytest.raises(CommandError, match="--ttl"):
        duration(text)


@pytest.mark.parametrize(
    ("difference", "told"),
    [
        (0, ""),
        (200, ""),
        (-200, ""),
        (400, "This machine's clock is 399 s ahead of the master's, so what is signed there ends"),
        (-400, "This machine's clock is 400 s behind the master's, so what is signed there is not"),
    ],
)
def test_clocks_that_differ_too_much_are_told_by_how_much_and_which_way(
    difference: int, told: str
) -> None:
    """The master's clock is read off its answers, which leave out fractions of seconds."""
    date = format_datetime(datetime.fromtimestamp(1_000_000_000, UTC), usegmt=True)
    ahead = masterclient.ahead(date, 1_000_000_000 + difference)
    said = masterclient.clock_problem(ahead)
    assert said.startswith(told)
    assert bool(said) == bool(told)
    assert masterclient.ahead("nonsense", 1.0) == 0.0


def test_a_home_without_a_token_says_how_to_join_and_keeps_nothing(tmp_path: Path) -> None:
    home = Home(tmp_path / "node")
    wish = Wish("10.0.0.5:6443", "", (), "n2", "unix:///nowhere", "")
    with pytest.raises(ClusterError, match="mk8s token create --print-join-command"):
        enrolling.join(home, wish, print)
    assert not home.path.exists()


def known_as(cluster: str) -> joined.Joined:
    return joined.Joined(
        master="10.0.0.5:6443",
        name=cluster,
        agent_port=6444,
        pod_cidr="10.244.0.0/16",
        service_cidr="10.96.0.0/12",
        node_name="n2",
        docker_host="unix:///nowhere",
    )


def test_a_joined_machine_stays_with_its_master(tmp_path: Path) -> None:
    home = Home(tmp_path)
    known = known_as("mk8s")
    home.joined.write_bytes(msgspec.json.encode(known))
    assert joined.load(home) == known
    wish = Wish("10.0.0.6:6443", "", (), "n2", "unix:///nowhere", "")
    with pytest.raises(ClusterError, match="leave that with `mk8s leave`"):
        enrolling.join(home, wish, print)
    home.joined.write_text("{")
    with pytest.raises(ClusterError, match="is damaged"):
        joined.load(home)


def test_whoever_answers_fills_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    client = MasterClient("10.0.0.5:6443", None)
    endless = SimpleNamespace(
        status=200, getheader=lambda *_: "", read=lambda most=1 << 40: b"x" * min(most, 1 << 26)
    )
    monkeypatch.setattr(client, "_send", lambda *_: endless)
    with pytest.raises(ClusterError, match="sends more than a master would"):
        client.ask("GET", "/version")


def test_a_node_whose_address_is_gone_is_told_before_its_agent_starts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("require_engine", "require_nftables"):
        monkeypatch.setattr(joined.preflight, name, lambda *_: None)
    known = msgspec.structs.replace(known_as("m"), node_ip="203.0.113.9", master="127.0.0.1:1")
    with pytest.raises(ClusterError, match=r"This machine has no address 203\.0\.113\.9"):
        joined.start(Home(tmp_path), known, print)


class Signing:
    """In place of a MasterClient: a master that knows no node yet and signs every request."""

    authority: Authority
    content = MasterClient.content

    def __init__(self, *_: Any, **__: Any) -> None:
        self.master = "10.0.0.5:6443"

    def close(self) -> None: ...

    def ask(self, method: str, path: str, body: Any = None) -> Answer:
        if method == "POST":
            self.asked = base64.b64decode(body["spec"]["request"])
            return Answer(201, body)
        if path == "/api/v1/nodes":
            return Answer(200, {"items": []})
        data = {
            "name": "m",
            "agentPort": "1",
            "podCIDR": "10.1.0.0/16",
            "serviceCIDR": "10.2.0.0/16",
        }
        return Answer(200, {"data": data})

    def follow(self, _: str) -> Iterator[dict[str, Any]]:
        certificate = self.authority.sign(self.asked, 3600, datetime.now(UTC))
        yield {"object": {"status": {"certificate": base64.b64encode(certificate).decode()}}}


@pytest.fixture
def identity(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> joining.Files:
    """The files of a machine that has joined, while its master goes on signing."""
    monkeypatch.setattr(Signing, "authority", Authority(tmp_path / "master"), raising=False)
    monkeypatch.setattr(joining, "MasterClient", Signing)
    files = joining.Files(*(tmp_path / name for name in ("ca", "crt", "key", "csr")))
    join_again(files)
    return files


def join_again(files: joining.Files) -> None:
    joining.Applicant("10.0.0.5:6443", b"CA", TOKEN).obtain("n2", files, lambda: None)


@pytest.mark.parametrize("lost", ["ca", "key", "certificate"])
@pytest.mark.parametrize("damage", ["gone", "garbage"])
def test_a_machine_whose_identity_is_damaged_is_told_to_join_and_joins(
    identity: joining.Files, tmp_path: Path, lost: str, damage: str
) -> None:
    home = Home(tmp_path / "node")
    mine = joined.files(home)
    write_private(mine.ca, Authority(tmp_path / "any").path.read_bytes())
    write_private(mine.key, identity.key.read_bytes())
    write_private(mine.certificate, identity.certificate.read_bytes())
    assert not joined.ended(home)
    broken: Path = getattr(mine, lost)
    broken.unlink() if damage == "gone" else broken.write_text("garbage")
    assert joined.ended(home)
    home.joined.write_bytes(msgspec.json.encode(known_as("m")))
    with pytest.raises(ClusterError, match="no usable certificate of that cluster: join it"):
        joined.refresh(home)


def test_a_watch_that_ends_before_its_time_goes_on() -> None:
    """The master was started again meanwhile."""
    node = {"metadata": {"name": "n2"}}
    watches = [[], [{"type": "BOOKMARK", "object": {}}, {"type": "ADDED", "object": node}]]
    client = SimpleNamespace(follow=lambda _: watches.pop(0))
    assert next(joining.changes(client, "n2", 5)) == node  # type: ignore[arg-type]


@pytest.mark.parametrize("damage", [None, b"", b"-----BEGIN CERTIFICATE REQ"])
def test_what_an_agent_renews_its_certificate_with_is_there_at_every_start(
    identity: joining.Files, tmp_path: Path, damage: bytes | None
) -> None:
    """Machines that joined by an earlier version have none."""
    kept = identity.request.read_bytes()
    joining.ensure_request("n2", identity)
    assert identity.request.read_bytes() == kept
    identity.request.unlink()
    if damage is not None:
        identity.request.write_bytes(damage)
    joining.ensure_request("n2", identity)
    made = identity.request.read_bytes()
    assert requests.subject(made) == ("system:node:n2", ("system:nodes",), False)
    now = datetime.now(UTC)
    signed = Authority(tmp_path / "any").sign(made, 60, now).decode()
    assert not tlspairs.refusal(signed, identity.key.read_text())


def test_where_that_cannot_be_made_a_start_ends_with_a_sentence(
    identity: joining.Files, tmp_path: Path
) -> None:
    home = Home(tmp_path / "node")
    mine = joined.files(home)
    write_private(mine.ca, Authority(tmp_path / "any").path.read_bytes())
    write_private(mine.key, identity.key.read_bytes())
    write_private(mine.certificate, identity.certificate.read_bytes())
    home.joined.write_bytes(msgspec.json.encode(known_as("m")))
    (mine.request / "in the way").mkdir(parents=True)
    with pytest.raises(ClusterError, match=r"agent\.csr, .* cannot be made \(.*directory"):
        joined.refresh(home)


def test_a_machine_whose_certificate_has_ended_is_told_when_and_how_to_go_on(
    identity: joining.Files, tmp_path: Path
) -> None:
    home = Home(tmp_path / "node")
    mine = joined.files(home)
    then = datetime.now(UTC) - timedelta(days=3)
    write_private(mine.ca, Authority(tmp_path / "any").path.read_bytes())
    write_private(mine.key, identity.key.read_bytes())
    old = Authority(tmp_path / "any").sign(identity.request.read_bytes(), 60, then)
    write_private(mine.certificate, old)
    home.joined.write_bytes(msgspec.json.encode(known_as("m")))
    assert joined.ended(home)
    said = rf"ended on {then:%Y-%m-%d}.*join again, with what `mk8s token create --print-join-"
    with pytest.raises(ClusterError, match=said):
        joined.refresh(home)
    assert not mine.request.exists()


def test_what_a_machine_joined_is_known_whenever_its_certificate_is_there(
    identity: joining.Files,
) -> None:
    """Or one that ends in between goes on by what it knew of a former cluster."""
    assert identity.certificate.exists()
    seen: list[bool] = []
    joining.Applicant("10.0.0.5:6443", b"CA", TOKEN).obtain(
        "n2", identity, lambda: seen.append(identity.certificate.exists())
    )
    assert seen == [False]
    assert identity.certificate.exists()


def die_at(monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    """Let the process end at its write of that number."""
    left = iter(range(number))

    def write(path: Path, content: bytes) -> None:
        if next(left, None) is None:
            raise SystemExit
        write_private(path, content)

    monkeypatch.setattr(joining, "write_private", write)


@pytest.mark.parametrize("number", range(5))
def test_wherever_joining_again_ends_no_certificate_is_left_that_is_not_the_keys(
    identity: joining.Files, monkeypatch: pytest.MonkeyPatch, number: int
) -> None:
    die_at(monkeypatch, number)
    with suppress(SystemExit):
        join_again(identity)
    if identity.certificate.exists():
        ssl.create_default_context().load_cert_chain(identity.certificate, identity.key)
        assert number == 4


def test_an_address_that_is_none_is_told_among_the_rest(
    identity: joining.Files, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joined, "require_agent_port", lambda _: None)
    monkeypatch.setattr(enrolling.preflight, "clashes_apart", lambda _: ["Taken."])
    said: list[str] = []
    checks = joinchecks.Checks(said.append)
    applicant = joining.Applicant("10.0.0.5:6443", b"CA", TOKEN)
    wish = Wish("10.0.0.5:6443", TOKEN, [], "n2", "", "", node_ip="worker1")
    enrolling._check_cluster(applicant, applicant.membership(), wish, "m", checks)
    taken, wrong = checks.problems
    assert taken == "Taken."
    assert wrong.startswith("'worker1' is not an IPv4 address")
    with checks.step("what is wrong for a known reason"):
        checks.add(wrong)
    assert not [line for line in said if "address" in line or "reason" in line]


def test_a_machine_whose_agent_runs_can_join_the_cluster_that_was_made_anew(
    identity: joining.Files, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its own agent has taken the cluster's name, as it should."""
    home = Home(tmp_path / "node")
    write_private(joined.files(home).ca, Authority(tmp_path / "former").path.read_bytes())
    known = known_as("m")
    write_private(home.joined, msgspec.json.encode(known))
    write_private(joined.files(home).certificate, identity.certificate.read_bytes())
    write_private(joined.files(home).key, identity.key.read_bytes())
    assert not joined.ended(home)
    done: list[str] = []
    found = joining.Found(b"CA", 0.0)
    monkeypatch.setattr(joining, "find", lambda *_: found)
    monkeypatch.setattr(enrolling.examining, "examine", Examination)
    monkeypatch.setattr(enrolling.machinefindings, "of_memory", lambda _: FINE)
    monkeypatch.setattr(enrolling.preflight, "clashes_apart", lambda _: [])
    for name in ("require_engine", "require_nftables"):
        monkeypatch.setattr(enrolling.preflight, name, lambda *_: None)
    monkeypatch.setattr(joined, "require_agent_port", lambda _: None)
    monkeypatch.setattr(addresses, "towards", lambda *_: "10.0.0.7")
    monkeypatch.setattr(joined.preflight.namelock, "is_taken", lambda _: True)
    monkeypatch.setattr(Daemon, "holder", lambda _: Holder(2**30, 0.0))
    monkeypatch.setattr(enrolling, "stop", lambda *_: done.append("stopped"))
    monkeypatch.setattr(joined, "start", lambda *_: done.append("started"))
    pin = f"sha256:{'0' * 64}"
    wish = Wish("10.0.0.5:6443", TOKEN, [pin], "n2", "", "")
    enrolling.join(home, wish, lambda _: None)
    assert done == ["stopped", "started"]
    known = msgspec.structs.replace(known, name="another")
    write_private(home.joined, msgspec.json.encode(known))
    write_private(joined.files(home).ca, Authority(tmp_path / "former").path.read_bytes())
    both = r"(?s)been node n2 of the cluster another.*cluster named m"
    with pytest.raises(ClusterError, match=both):
        enrolling.join(home, wish, lambda _: None)
