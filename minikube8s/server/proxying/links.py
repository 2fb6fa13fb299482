"""Links in answers, led through the proxy: the header Location, and absolute links in HTML. Pure.

Only what means the other side itself is changed: links without a host, or with its own or the one
that the client asked. Links relative to the page work as they are.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator
from html import escape
from html.parser import HTMLParser
from typing import NamedTuple
from urllib.parse import urlsplit, urlunsplit

_ATTRIBUTES = {
    "a": ("href",),
    "applet": ("codebase",),
    "area": ("href",),
    "audio": ("src",),
    "base": ("href",),
    "blockquote": ("cite",),
    "body": ("background",),
    "button": ("formaction",),
    "command": ("icon",),
    "del": ("cite",),
    "embed": ("src",),
    "form": ("action",),
    "frame": ("longdesc", "src"),
    "head": ("profile",),
    "html": ("manifest",),
    "iframe": ("longdesc", "src"),
    "img": ("longdesc", "src", "usemap"),
    "input": ("src", "usemap", "formaction"),
    "ins": ("cite",),
    "link": ("href",),
    "object": ("classid", "codebase", "data", "usemap"),
    "q": ("cite",),
    "script": ("src",),
    "source": ("src",),
    "video": ("poster", "src"),
}
"""Where HTML has links."""


class Links(NamedTuple):
    """How links of one answer are rewritten. `hosts`: those that mean the other side."""

    prefix: str
    hosts: tuple[str, ...]

    def rewrite(self, link: str) -> str:
        """Return a link that goes through the proxy, or the link itself when it goes elsewhere."""
        try:
            parts = urlsplit(link)
        except ValueError:
            return link
        if (parts.netloc and parts.netloc not in self.hosts) or not parts.path.startswith("/"):
            return link
        path = parts.path
        if not (path == self.prefix or path.startswith(f"{self.prefix}/")):
            ending = "/" if path.endswith("/") else ""
            path = self.prefix + posixpath.normpath("/" + path.lstrip("/")).rstrip("/") + ending
        return urlunsplit(("", "", path, parts.query, parts.fragment))

    def rewrite_html(self, text: str) -> str:
        """Return a page with its links rewritten; everything else stays as it was written."""
        finder = _Tags()
        finder.feed(text)
        finder.close()
        starts = _line_starts(text)
        pieces: list[str] = []
        done = 0
        for tag in finder.found:
            begin = starts[tag.line - 1] + tag.column
            pieces += [text[done:begin], self._rewritten(tag)]
            done = begin + len(tag.text)
        pieces.append(text[done:])
        return "".join(pieces)

    def _rewritten(self, tag: _Tag) -> str:
        linking = _ATTRIBUTES[tag.name]
        attributes = [
            (name, self.rewrite(value) if value and name in linking else value)
            for name, value in tag.attributes
        ]
        if attributes == tag.attributes:
            return tag.text
        shown = [
            name if value is None else f'{name}="{escape(value)}"' for name, value in attributes
        ]
        ending = "/>" if tag.text.endswith("/>") else ">"
        return f"<{' '.join((tag.name, *shown))}{ending}"


class _Tag(NamedTuple):
    line: int
    column: int
    text: str
    name: str
    attributes: list[tuple[str, str | None]]


class _Tags(HTMLParser):
    """Finds the start tags that have links."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=False)
        self.found: list[_Tag] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        linking = _ATTRIBUTES.get(tag, ())
        if any(name in linking for name, _ in attrs):
            self.found.append(_Tag(*self.getpos(), self.get_starttag_text() or "", tag, attrs))


def _line_starts(text: str) -> list[int]:
    return [0, *_after_newlines(text)]


def _after_newlines(text: str) -> Iterator[int]:
    at = text.find("\n")
    while at >= 0:
        yield at + 1
        at = text.find("\n", at + 1)
