"""SPDY/3.1 without sockets: bytes in, events out; commands in, bytes out. Pure."""
