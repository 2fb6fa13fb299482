"""The WebSocket of mk8s: frames as RFC 6455 has them."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.connection.websocket import BINARY, CLOSE, PING, Frames, Message, frame


def from_server(opcode: int, data: bytes, *, final: bool = True) -> bytes:
    first = (0x80 if final else 0) | opcode
    if len(data) < 126:
        return struct.pack("!BB", first, len(data)) + data
    if len(data) < 1 << 16:
        return struct.pack("!BBH", first, 126, len(data)) + data
    return struct.pack("!BBQ", first, 127, len(data)) + data


def test_a_frame_has_the_bytes_of_the_specification():
    # RFC 6455, 5.7: a single-frame masked message that contains "Hello", but of bytes.
    wire = frame(BINARY, b"Hello", bytes.fromhex("37fa213d"))
    assert wire == bytes.fromhex("828537fa213d7f9f4d5158")


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65535, 65536])
def test_the_mask_comes_off_at_every_length(size):
    mask = b"\x01\x80\xff\x00"
    data = bytes(n % 251 for n in range(size))
    wire = frame(BINARY, data, mask)
    body = wire[len(wire) - size :]
    assert bytes(byte ^ mask[n % 4] for n, byte in enumerate(body)) == data


@given(st.lists(st.binary(max_size=300), max_size=6), st.lists(st.integers(1, 50), max_size=40))
def test_messages_are_read_however_they_are_cut(sent, sizes):
    wire = b"".join(from_server(BINARY, data) for data in sent)
    frames, got, at = Frames(), [], 0
    for size in [*sizes, len(wire)]:
        got += frames.feed(wire[at : at + size])
        at += size
    assert got == [Message(BINARY, data) for data in sent]


def test_a_message_in_parts_is_joined_around_what_comes_between():
    wire = from_server(BINARY, b"one ", final=False) + from_server(PING, b"?")
    wire += from_server(0, b"two") + from_server(CLOSE, b"\x03\xe8")
    assert list(Frames().feed(wire)) == [
        Message(PING, b"?"),
        Message(BINARY, b"one two"),
        Message(CLOSE, b"\x03\xe8"),
    ]


def test_what_no_server_sends_is_refused():
    with pytest.raises(ValueError, match="mask"):
        list(Frames().feed(b"\x82\x80"))
    with pytest.raises(ValueError, match="too long"):
        list(Frames().feed(struct.pack("!BBQ", 0x82, 127, 1 << 40)))


def test_a_message_without_end_is_refused():
    frames, part = Frames(), from_server(0, bytes(1 << 20), final=False)
    with pytest.raises(ValueError, match="message of more than"):
        for _ in range(17):
            list(frames.feed(part))
