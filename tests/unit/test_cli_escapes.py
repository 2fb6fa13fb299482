"""What others wrote into objects does not steer the terminal of who looks at them."""

from datetime import UTC, datetime

from minikube8s.cli import eventing
from minikube8s.cli.connection.client import ApiFailure
from minikube8s.cli.describing.writer import Writer
from minikube8s.cli.output.escapes import harmless
from minikube8s.cli.output.servertables import TablePrinter

EVIL = "\x1b[2Jgone\r"
SHOWN = "^[[2Jgone\\r"


def test_a_description_shows_escapes_as_characters() -> None:
    writer = Writer()
    writer.line(0, "Message:", EVIL)
    writer.several(0, "Annotations", [f"note={EVIL}"])
    assert writer.text() == f"Message:      {SHOWN}\nAnnotations:  note={SHOWN}\n"


def test_a_table_shows_escapes_as_characters() -> None:
    printer = TablePrinter(wide=False, namespaces=False, headers=False)
    table = {"columnDefinitions": [{"name": "Name"}], "rows": [{"cells": [EVIL]}]}
    assert printer.lines(table) == ["^[[2Jgone..."]


def test_a_refusal_shows_escapes_as_characters() -> None:
    status = {"reason": "NotFound", "message": f"no {EVIL}"}
    assert str(ApiFailure(status)) == f"Error from server (NotFound): no {SHOWN}"


def test_an_event_shows_escapes_as_characters() -> None:
    about = {"kind": EVIL, "name": EVIL}
    event = {"type": EVIL, "reason": f"{EVIL}\nx", "involvedObject": about, "message": EVIL}
    cells = eventing.row(event, datetime(2026, 1, 1, tzinfo=UTC))
    assert cells[1:] == ["^[[2Jgone", "^[[2Jgone x", "^[[2Jgone /^[[2Jgone", "^[[2Jgone"]


def test_nothing_that_steers_a_terminal_is_left() -> None:
    controls = "".join(map(chr, (*range(0x20), *range(0x7F, 0xA0))))
    assert set(harmless(controls)) <= set(map(chr, range(0x20, 0x7F))) | {"\t", "\n"}
    assert harmless("plain é 日本 \t\n") == "plain é 日本 \t\n"
