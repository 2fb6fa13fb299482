"""How long a certificate is valid is read as the library reads it, and nonsense is told."""

from __future__ import annotations

import base64
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography import x509
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cluster.authority.certificates import Authority
from minikube8s.kit.validity import validities, validity
from tests.support.tlspairs import made_pair

PAIR, _ = made_pair("localhost")
DER = base64.b64decode("".join(PAIR.splitlines()[1:-1]))


def pem(der: bytes) -> bytes:
    body = base64.encodebytes(der)
    return b"-----BEGIN CERTIFICATE-----\n" + body + b"-----END CERTIFICATE-----\n"


@pytest.mark.parametrize("days", [1, 400, 3650, 365 * 40])
def test_a_certificate_begins_and_ends_as_the_library_says(days: int) -> None:
    """After 2050 its times are written in another way."""
    text = made_pair("localhost", days=days)[0].encode()
    read = x509.load_pem_x509_certificate(text)
    assert validity(text) == (read.not_valid_before_utc, read.not_valid_after_utc)


def test_times_of_the_last_century_are_of_that() -> None:
    content = DER.replace(DER[DER.index(b"\x17\x0d") :][2:15], b"990102030405Z", 1)
    assert validity(pem(content)).begins == datetime(1999, 1, 2, 3, 4, 5, tzinfo=UTC)


@given(st.binary(max_size=80), st.integers(0, len(DER)), st.integers(0, len(DER)))
def test_whatever_a_file_holds_it_is_a_time_or_a_sentence(noise: bytes, at: int, to: int) -> None:
    for content in (noise, pem(noise), pem(DER[:at]), pem(DER[:at] + noise + DER[to:])):
        try:
            validity(content)
        except ValueError as error:
            assert str(error)


def test_all_certificates_of_a_directory_are_told_also_those_of_no_use(tmp_path: Path) -> None:
    authority = Authority(tmp_path)
    (tmp_path / "half.crt").write_bytes(authority.path.read_bytes()[:200])
    (tmp_path / "place.crt").mkdir()
    found = validities(tmp_path)
    assert found.keys() == {"ca.crt", "half.crt", "place.crt"}
    assert found["half.crt"] is found["place.crt"] is None
    ca = found["ca.crt"]
    assert ca is not None and 3640 < (ca.ends - datetime.now(UTC)).days < 3651
