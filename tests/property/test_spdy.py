"""SPDY/3.1: two sessions understand each other however their bytes are cut; nobody is confused."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from minikube8s.server.streams.spdy import frames, session
from minikube8s.server.streams.spdy.errors import IllegalMove, ProtocolFault, Reset
from minikube8s.server.streams.spdy.frames import FrameReader, FrameWriter
from minikube8s.server.streams.spdy.session import Session

ids = st.integers(1, 2**31 - 1)
names = st.text("abcdefghijklmnopqrstuvwxyz-:", min_size=1, max_size=20)
values = st.text(st.characters(max_codepoint=255), max_size=60)
headers = st.dictionaries(names, values, max_size=6)
number = st.integers(0, 2**31 - 1)
frame = st.one_of(
    st.builds(frames.Data, ids, st.binary(max_size=300), st.booleans()),
    st.builds(frames.SynStream, ids, headers, st.booleans(), st.booleans(), ids, st.integers(0, 7)),
    st.builds(frames.SynReply, ids, headers, st.booleans()),
    st.builds(frames.Headers, ids, headers, st.booleans()),
    st.builds(frames.RstStream, ids, number),
    st.builds(frames.Settings, st.dictionaries(st.integers(0, 2**24 - 1), number, max_size=4)),
    st.builds(frames.Ping, number),
    st.builds(frames.GoAwayFrame, number, number),
    st.builds(frames.WindowUpdate, number, number),
)


def cut(data: bytes, sizes: list[int]) -> list[bytes]:
    """The bytes in pieces of the given sizes, the rest as the last one."""
    pieces, at = [], 0
    for size in sizes:
        pieces.append(data[at : at + size])
        at += size
    return [*pieces, data[at:]]


@given(st.lists(frame, max_size=12), st.lists(st.integers(1, 40), max_size=40))
def test_frames_are_read_as_they_were_written_however_they_are_cut(sent, sizes):
    writer, reader = FrameWriter(), FrameReader()
    wire = b"".join(writer.encode(one) for one in sent)
    assert [one for piece in cut(wire, sizes) for one in reader.feed(piece)] == sent


@given(st.binary(max_size=400))
def test_any_bytes_are_understood_or_refused(data):
    server = Session()
    try:
        for event in server.receive(data):
            if isinstance(event, session.Opened):
                server.reply(event.stream_id)
    except (ProtocolFault, IllegalMove) as fault:
        assert str(fault)


@given(st.lists(frame, max_size=25))
def test_any_frames_leave_a_server_that_speaks_correctly_or_refuses(sent):
    server, writer, check = Session(), FrameWriter(), FrameReader()
    try:
        for one in sent:
            for event in server.receive(writer.encode(one)):
                if isinstance(event, session.Opened) and server.state(event.stream_id) in {
                    session.State.OPEN,
                    session.State.PEER_DONE,
                }:
                    server.reply(event.stream_id)
            list(check.feed(server.take_output()))
            assert server.streams <= session.MAX_STREAMS
    except ProtocolFault as fault:
        assert str(fault)


step = st.tuples(
    st.booleans(),
    st.integers(0, 3),
    st.one_of(st.binary(min_size=1, max_size=2000), st.just(b""), st.none()),
)
"""Who acts, on which stream, and what: bytes, the end (empty), or giving it up (None)."""


@given(st.lists(step, max_size=60), st.lists(st.integers(1, 500), max_size=80))
def test_each_side_gets_what_the_other_sent_in_order(steps, sizes):
    client, server = Session(client=True), Session()
    streams = [client.open({"number": str(n)}) for n in range(4)]
    sent: dict[tuple[bool, int], bytes] = {}
    got: dict[tuple[bool, int], bytes] = {}
    reset: set[int] = set()

    def deliver() -> None:
        for source, target, to_server in ((client, server, True), (server, client, False)):
            for piece in cut(source.take_output(), sizes):
                for event in target.receive(piece):
                    match event:
                        case session.Opened(stream_id, _):
                            server.reply(stream_id)
                        case session.Received(stream_id, data):
                            key = (to_server, stream_id)
                            got[key] = got.get(key, b"") + data
                            target.consumed(stream_id, len(data))
                        case session.WasReset(stream_id, _):
                            reset.add(stream_id)

    deliver()
    for by_client, which, what in steps:
        actor, stream_id = (client if by_client else server), streams[which]
        key = (by_client, stream_id)
        try:
            if what is None:
                actor.reset(stream_id, Reset.CANCEL)
                reset.add(stream_id)
            elif what:
                piece = what[: actor.room(stream_id)]
                actor.send(stream_id, piece)
                sent[key] = sent.get(key, b"") + piece
            else:
                actor.end(stream_id)
        except IllegalMove:
            assert actor.state(stream_id) in {session.State.CLOSED, session.State.OWN_DONE}
        deliver()
    for key, data in sent.items():
        assert data.startswith(got.get(key, b""))
        if key[1] not in reset:
            assert got.get(key, b"") == data
