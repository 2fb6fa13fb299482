"""When the agent dials again, and where."""

import grpc
import pytest
from mk8s_agent.link.channel import target
from mk8s_agent.link.client import LASTED, RECONNECT, TAKEN_OVER, Link
from mk8s_agent.link.hints import explained
from mk8s_agent.link.session import Outcome

from tests.support.links import Cluster, Config, linked, until


def link() -> Link:
    return linked(Config("one", "127.0.0.1:1", "", "", ""))


def test_after_a_good_session_the_next_attempt_comes_at_once():
    outcome = Outcome(grpc.StatusCode.UNAVAILABLE, "", welcomed=True)
    assert link()._pause(outcome, LASTED) == 0.0


def test_failures_wait_longer_and_longer_up_to_the_maximum():
    made = link()
    outcome = Outcome(grpc.StatusCode.UNAVAILABLE, "", welcomed=False)
    pauses = [made._pause(outcome, 0.0) for _ in range(20)]
    assert pauses[0] <= RECONNECT.initial
    assert all(RECONNECT.maximum / 2 <= pause <= RECONNECT.maximum for pause in pauses[10:])


def test_a_session_that_ends_at_once_again_and_again_is_not_retried_busily():
    made = link()
    outcome = Outcome(grpc.StatusCode.UNAVAILABLE, "", welcomed=True)
    assert [made._pause(outcome, 0.1) for _ in range(12)][-1] >= RECONNECT.maximum / 2


def test_two_agents_of_one_node_do_not_fight_busily():
    outcome = Outcome(grpc.StatusCode.ABORTED, "", welcomed=True)
    assert link()._pause(outcome, 3600.0) >= TAKEN_OVER / 2


@pytest.mark.parametrize(
    ("master", "expected"),
    [
        ("127.0.0.1:6444", "ipv4:127.0.0.1:6444"),
        ("[::1]:6444", "ipv6:[::1]:6444"),
        ("master.example:6444", "dns:///master.example:6444"),
    ],
)
def test_addresses_need_no_resolver(master, expected):
    assert target(master) == expected


@pytest.mark.parametrize(
    ("details", "told"),
    [
        ("CERTIFICATE_VERIFY_FAILED: certificate is not yet valid: OK", "timedatectl"),
        ("CERTIFICATE_VERIFY_FAILED: certificate has expired: OK", "`mk8s up` on the master"),
        ("Hostname Verification Check failed.", "--server-names master.lab` there"),
        ("CERTIFICATE_VERIFY_FAILED: unable to get local issuer", "the cluster was made anew"),
    ],
)
def test_what_tls_says_is_told_in_words(details, told):
    said = explained(details, "master.lab:6444")
    assert told in said and said.endswith(f"({details})")
    assert explained("Socket closed", "master.lab:6444") == "Socket closed"


async def test_a_master_by_a_name_that_its_certificate_lacks_is_explained(tmp_path, caplog):
    async with Cluster(tmp_path) as cluster:
        cluster.agent("one", host="localhost").connect()
        await until("the hint", lambda: "--server-names localhost` there" in caplog.text)


async def test_certificates_that_cannot_be_read_are_told_and_tried_again(tmp_path):
    missing = str(tmp_path / "missing")
    made = linked(Config("one", "127.0.0.1:1", missing, missing, missing))
    outcome = await made._attempt(None)
    assert outcome.code is grpc.StatusCode.FAILED_PRECONDITION
    assert "missing" in outcome.details
