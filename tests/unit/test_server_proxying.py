"""The pure parts of the proxy: paths, headers, links, and its limits."""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.server.proxying import headers, pages
from minikube8s.server.proxying.headers import Client
from minikube8s.server.proxying.links import Links
from minikube8s.server.proxying.names import Named, Place, place, split

PREFIX = "/api/v1/namespaces/a/services/web/proxy"
LINKS = Links(PREFIX, ("10.0.0.1:80", "localhost:8001"))


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("web", Named("http", "web", "")),
        ("web:80", Named("http", "web", "80")),
        ("web:", Named("http", "web", "")),
        ("https:web:", Named("https", "web", "")),
        ("https:web:443", Named("https", "web", "443")),
        (":web:80", Named("http", "web", "80")),
    ],
)
def test_a_name_has_a_scheme_and_a_port(text: str, named: Named) -> None:
    assert split("service", text) == named


@pytest.mark.parametrize(
    ("raw", "namespaced", "found"),
    [
        (f"{PREFIX}", True, Place(PREFIX, "", "")),
        (f"{PREFIX}?a=b?c", True, Place(PREFIX, "", "a=b?c")),
        (f"{PREFIX}/", True, Place(PREFIX, "/", "")),
        (f"/{PREFIX}/x//y%2F/?q", True, Place(PREFIX, "/x//y%2F/", "q")),
        ("/api/v1/nodes/n/proxy/x", False, Place("/api/v1/nodes/n/proxy", "/x", "")),
        ("/api/v1/namespaces/a/services/a%2Fproxy", True, None),
        ("/api/v1/namespaces/a/services/web/proxy2/x", True, None),
    ],
)
def test_what_stands_behind_proxy_goes_on_as_it_came(
    raw: str, namespaced: bool, found: Place | None
) -> None:
    assert place(raw, namespaced=namespaced) == found


@pytest.mark.parametrize(
    ("link", "rewritten"),
    [
        ("/x?a=1#f", f"{PREFIX}/x?a=1#f"),
        ("/x/", f"{PREFIX}/x/"),
        ("/", f"{PREFIX}/"),
        ("http://10.0.0.1:80/x", f"{PREFIX}/x"),
        ("https://localhost:8001/x", f"{PREFIX}/x"),
        (f"{PREFIX}/x", f"{PREFIX}/x"),
        (f"{PREFIX}2/x", f"{PREFIX}{PREFIX}2/x"),
        ("/a/../../../x", f"{PREFIX}/x"),
        ("http://elsewhere/x", "http://elsewhere/x"),
        ("//elsewhere/x", "//elsewhere/x"),
        ("x/y", "x/y"),
        ("", ""),
        ("#top", "#top"),
        ("mailto:x@y", "mailto:x@y"),
        ("http://[", "http://["),
    ],
)
def test_links_to_the_other_side_lead_through_the_proxy(link: str, rewritten: str) -> None:
    assert LINKS.rewrite(link) == rewritten


@pytest.mark.parametrize(
    ("page", "rewritten"),
    [
        ("<A HREF='/x?a&amp;b'>é</A>", f'<a href="{PREFIX}/x?a&amp;b">é</A>'),
        ('<img\n src=/p.png alt="1 &lt; 2"/>', f'<img src="{PREFIX}/p.png" alt="1 &lt; 2"/>'),
        ('<input disabled src="/x">', f'<input disabled src="{PREFIX}/x">'),
        ('<p href="/x">/x &amp; <!-- <a href="/x"> -->', None),
        ("<script>var a = '<a href=\"/x\">'</script>", None),
        ('<a href="x">\r\n<br>&nbsp;&bogus <', None),
        ("<a href>", None),
    ],
)
def test_only_links_in_pages_are_changed(page: str, rewritten: str | None) -> None:
    assert LINKS.rewrite_html(page) == (page if rewritten is None else rewritten)


@given(st.text(alphabet="<>a/\"= \n'&;!-hrefscipt", max_size=60))
def test_any_page_can_be_read(page: str) -> None:
    once = LINKS.rewrite_html(page)
    assert once == page or PREFIX in once


def forwarded(*given: tuple[str, str], upgrade: str = "") -> dict[str, str]:
    client = Client("1.1.1.1", "localhost:6443", upgrade)
    return dict(headers.forwarded(given, client, Place(PREFIX, "/x", "")))


def test_a_token_among_the_protocols_of_a_websocket_stays_here() -> None:
    protocols = "chat, base64url.bearer.authorization.k8s.io.c2VjcmV0"
    got = forwarded(("Sec-WebSocket-Protocol", protocols), upgrade="websocket")
    assert got["Sec-WebSocket-Protocol"] == "chat"
    assert (got["Connection"], got["Upgrade"]) == ("Upgrade", "websocket")
    alone = protocols.partition(", ")[2]
    assert "Sec-WebSocket-Protocol" not in forwarded(("Sec-WebSocket-Protocol", alone))


def test_a_service_does_not_decide_for_the_origin_of_the_api() -> None:
    given = [
        ("Access-Control-Allow-Origin", "*"),
        ("Connection", "X-Hop"),
        ("X-Hop", "1"),
        ("Set-Cookie", "a=1"),
        ("Set-Cookie", "b=2"),
    ]
    assert headers.answered(given) == given[-2:]


async def _pieces(*pieces: bytes) -> AsyncIterator[bytes]:
    for piece in pieces:
        yield piece


async def _page(encoding: str, *pieces: bytes) -> bytes:
    return b"".join([part async for part in pages.rewritten(_pieces(*pieces), encoding, LINKS)])


@pytest.mark.parametrize(("encoding", "window"), [("gzip", 31), ("deflate", -15)])
async def test_compressed_pages_are_rewritten(encoding: str, window: int) -> None:
    writer = zlib.compressobj(wbits=window)
    data = writer.compress(b'<a href="/x">') + writer.flush()
    got = await _page(encoding, data[:5], data[5:])
    assert zlib.decompress(got, window) == f'<a href="{PREFIX}/x">'.encode()
    assert await _page(encoding, b"no such thing") == b"no such thing"


async def test_a_page_that_is_too_long_goes_through_as_it_is() -> None:
    large = b'<a href="/x">' * (pages.MAX_PAGE // 10)
    assert await _page("", large[:100], large[100:], b"end") == large + b"end"
    writer = zlib.compressobj(wbits=31)
    bomb = writer.compress(large) + writer.flush()
    assert len(bomb) < pages.MAX_PAGE
    assert await _page("gzip", bomb) == bomb


async def test_pages_in_other_encodings_keep_their_bytes() -> None:
    data = '<a href="/é">ü</a>'.encode("latin-1") + b'<img src="/x">'
    assert await _page("", data) == (
        f'<a href="{PREFIX}/'.encode() + b'\xe9">\xfc</a>' + f'<img src="{PREFIX}/x">'.encode()
    )
