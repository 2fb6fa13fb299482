"""SPDY/3.1: the bytes of frames and header blocks, and what a session answers by itself."""

from __future__ import annotations

import struct
import zlib

import pytest

from minikube8s.server.streams.spdy import frames, session
from minikube8s.server.streams.spdy.errors import GoAway, IllegalMove, ProtocolFault, Reset
from minikube8s.server.streams.spdy.frames import FrameReader, FrameWriter
from minikube8s.server.streams.spdy.headers import DICTIONARY, MAX_BLOCK, HeaderReader
from minikube8s.server.streams.spdy.session import Session, State


def sent_by(writer: Session) -> list[frames.Frame]:
    return list(FrameReader().feed(writer.take_output()))


def opened(**headers: str) -> tuple[Session, FrameWriter]:
    """A server with stream 1 open and replied to, and its peer's writer."""
    server, peer = Session(), FrameWriter()
    list(server.receive(peer.encode(frames.SynStream(1, headers))))
    server.reply(1)
    server.take_output()
    return server, peer


def test_the_dictionary_is_the_one_that_the_protocol_prescribes():
    assert (len(DICTIONARY), zlib.adler32(DICTIONARY)) == (1423, 0xE3C6A7C2)


@pytest.mark.parametrize(
    ("frame", "wire"),
    [
        (frames.Data(1, b"hi"), "00000001 00 000002 6869"),
        (frames.Data(3, b"", fin=True), "00000003 01 000000"),
        (frames.RstStream(1, 5), "80030003 00 000008 00000001 00000005"),
        (frames.Settings({7: 65536}), "80030004 00 00000c 00000001 00000007 00010000"),
        (frames.Ping(1), "80030006 00 000004 00000001"),
        (frames.GoAwayFrame(5, 0), "80030007 00 000008 00000005 00000000"),
        (frames.WindowUpdate(1, 32768), "80030009 00 000008 00000001 00008000"),
    ],
)
def test_a_frame_has_the_bytes_of_the_specification(frame, wire):
    wire = bytes.fromhex(wire.replace(" ", ""))
    assert FrameWriter().encode(frame) == wire
    assert list(FrameReader().feed(wire)) == [frame]


def test_a_frame_of_another_version_is_refused():
    with pytest.raises(ProtocolFault, match="SPDY"):
        list(FrameReader().feed(bytes.fromhex("8002000600000004 00000001".replace(" ", ""))))


def test_an_unknown_frame_is_ignored():
    server = Session()
    assert list(server.receive(bytes.fromhex("800300ff00000004deadbeef"))) == []
    assert server.take_output() == b""


def test_a_frame_that_claims_to_be_huge_is_refused_before_it_is_read():
    with pytest.raises(ProtocolFault, match="too long"):
        list(FrameReader().feed(bytes.fromhex("0000000100ffffff")))


def test_a_small_block_cannot_become_a_huge_one():
    plain = struct.pack(">I", 1) + struct.pack(">I", 1) + b"a" + struct.pack(">I", 1 << 20)
    packed = zlib.compressobj(zdict=DICTIONARY)
    block = packed.compress(plain + bytes(1 << 20)) + packed.flush(zlib.Z_SYNC_FLUSH)
    assert len(block) < MAX_BLOCK // 16
    with pytest.raises(ProtocolFault, match="longer"):
        HeaderReader().decode(block)


def test_headers_share_one_compression_for_the_life_of_a_connection():
    writer, reader = FrameWriter(), FrameReader()
    first = writer.encode(frames.SynStream(1, {"streamType": "error", "port": "80"}))
    second = writer.encode(frames.SynStream(3, {"streamType": "data", "port": "80"}))
    assert len(second) < len(first)
    [one] = reader.feed(first)
    [two] = reader.feed(second)
    assert one.headers == {"streamtype": "error", "port": "80"}
    assert two.headers == {"streamtype": "data", "port": "80"}


def test_a_ping_comes_back_and_an_answer_to_ours_does_not():
    server, peer = Session(), FrameWriter()
    list(server.receive(peer.encode(frames.Ping(7)) + peer.encode(frames.Ping(2))))
    assert sent_by(server) == [frames.Ping(7)]


def test_a_stream_id_cannot_be_used_twice_or_by_the_wrong_side():
    for wrong in (1, 2):
        server, peer = opened()
        with pytest.raises(ProtocolFault, match="cannot open"):
            list(server.receive(peer.encode(frames.SynStream(wrong, {}))))


def test_more_streams_than_there_may_be_are_refused_one_by_one():
    server, peer = Session(), FrameWriter()
    for number in range(session.MAX_STREAMS + 1):
        list(server.receive(peer.encode(frames.SynStream(2 * number + 1, {}))))
    assert server.streams == session.MAX_STREAMS
    refused = frames.RstStream(2 * session.MAX_STREAMS + 1, Reset.REFUSED_STREAM)
    assert sent_by(server) == [refused]


def test_bytes_for_a_stream_that_never_was_reset_it_and_late_ones_are_dropped():
    server, peer = opened()
    list(server.receive(peer.encode(frames.Data(9, b"x"))))
    assert sent_by(server) == [frames.RstStream(9, Reset.INVALID_STREAM)]
    server.reset(1, Reset.CANCEL)
    server.take_output()
    assert list(server.receive(peer.encode(frames.Data(1, b"late")))) == []
    assert server.take_output() == b""


def test_bytes_after_the_end_break_the_stream_alone():
    server, peer = opened()
    events = list(server.receive(peer.encode(frames.Data(1, b"x", fin=True))))
    assert events == [session.Received(1, b"x"), session.Ended(1)]
    [event] = server.receive(peer.encode(frames.Data(1, b"more")))
    assert event == session.WasReset(1, Reset.PROTOCOL_ERROR)


def test_both_sides_end_in_their_own_time():
    server, peer = opened()
    server.end(1)
    assert server.state(1) is State.OWN_DONE
    with pytest.raises(IllegalMove, match="cannot send when it is half-closed by us"):
        server.send(1, b"x")
    list(server.receive(peer.encode(frames.Data(1, b"", fin=True))))
    assert server.state(1) is State.CLOSED and server.streams == 0
    with pytest.raises(IllegalMove, match="closed"):
        server.end(1)


def test_a_peer_that_shows_no_windows_is_not_held_back_by_them():
    server, _ = opened()
    assert server.room(1) is None
    server.send(1, bytes(session.WINDOW * 4))


def test_a_peer_that_keeps_windows_gets_no_more_than_it_has_room_for():
    server, peer = opened()
    list(server.receive(peer.encode(frames.Settings({frames.INITIAL_WINDOW: 10}))))
    assert server.room(1) == 10
    with pytest.raises(IllegalMove, match="given room for 10"):
        server.send(1, bytes(11))
    server.send(1, bytes(10))
    assert server.room(1) == 0
    [event] = server.receive(peer.encode(frames.WindowUpdate(1, 5)))
    assert event == session.Credit() and server.room(1) == 5
    list(server.receive(peer.encode(frames.Settings({frames.INITIAL_WINDOW: 0}))))
    assert server.room(1) == 0


def test_used_bytes_give_credit_to_the_stream_and_the_connection():
    server, peer = opened()
    half = session.WINDOW // 2
    list(server.receive(peer.encode(frames.Data(1, bytes(half)))))
    assert server.take_output() == b""
    server.consumed(1, half)
    assert sent_by(server) == [frames.WindowUpdate(0, half), frames.WindowUpdate(1, half)]


def test_going_away_names_the_last_stream_that_was_served():
    server, _ = opened()
    server.go_away(GoAway.PROTOCOL_ERROR)
    assert sent_by(server) == [frames.GoAwayFrame(1, GoAway.PROTOCOL_ERROR)]
