"""Archives of images: layers that the other engine has are not sent, everything else is."""

from __future__ import annotations

import io
import json
import tarfile
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cluster import imagearchive
from minikube8s.cluster.errors import ClusterError


def packed(files: dict[str, bytes], links: dict[str, str] | None = None) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            archive.addfile(info, io.BytesIO(content))
        for name, target in (links or {}).items():
            info = tarfile.TarInfo(name)
            # a target without a way up is a name in the archive
            hard = "/" in target and not target.startswith("..")
            info.type, info.linkname = tarfile.LNKTYPE if hard else tarfile.SYMTYPE, target
            archive.addfile(info)
    return out.getvalue()


def image(*layers: bytes, links: dict[str, str] | None = None) -> bytes:
    """An archive of the old form: the manifest comes last."""
    files = {f"{number}/layer.tar": content for number, content in enumerate(layers)}
    names = [*files, *(links or {})]
    manifest = [{"Config": "c.json", "RepoTags": ["x:1"], "Layers": names}]
    files |= {"c.json": b"{}", "manifest.json": json.dumps(manifest).encode()}
    return packed(files, links)


def pieces(data: bytes, size: int = 700) -> Iterator[bytes]:
    return (data[start : start + size] for start in range(0, len(data), size))


def unpacked(blocks: Iterator[bytes]) -> dict[str, bytes]:
    with tarfile.open(fileobj=io.BytesIO(b"".join(blocks))) as archive:
        return {
            member.name: archive.extractfile(member).read()  # type: ignore[union-attr]
            for member in archive
            if member.isreg()
        }


@pytest.mark.parametrize(
    ("others", "count"),
    [
        ([], 0),
        ([["a", "b"]], 2),
        ([["b", "a"]], 0),
        ([["a", "x", "c"], ["a", "b", "x"]], 2),
        ([["a", "b", "c", "d"]], 3),
    ],
)
def test_only_the_lowest_layers_in_the_same_order_are_shared(
    others: list[list[str]], count: int
) -> None:
    assert imagearchive.shared(["a", "b", "c"], others) == count


def test_layers_that_are_there_are_left_out_and_everything_else_stays() -> None:
    data = image(b"a" * 5000, b"b" * 3000, b"c" * 100)
    found = imagearchive.survey(pieces(data))
    assert found.layers == ("0/layer.tar", "1/layer.tar", "2/layer.tar")
    dropped = imagearchive.needless(found, 2)
    kept = unpacked(imagearchive.without(pieces(data), dropped))
    assert set(kept) == {"2/layer.tar", "c.json", "manifest.json"}
    assert kept["2/layer.tar"] == b"c" * 100
    assert imagearchive.size(found, dropped) == sum(map(len, kept.values()))


def test_a_file_that_a_missing_layer_shares_with_a_present_one_is_sent() -> None:
    data = image(b"a" * 50, b"b", links={"9/layer.tar": "../0/layer.tar"})
    found = imagearchive.survey(pieces(data))
    assert imagearchive.needless(found, 2) == {"1/layer.tar"}
    assert imagearchive.needless(found, 3) == {"0/layer.tar", "1/layer.tar"}
    with tarfile.open(
        fileobj=io.BytesIO(b"".join(imagearchive.without(pieces(data), {"1/layer.tar"})))
    ) as archive:
        assert archive.getmember("9/layer.tar").linkname == "../0/layer.tar"


@pytest.mark.parametrize(
    ("links", "needless"),
    [
        ({"9/layer.tar": "0/layer.tar"}, {"1/layer.tar"}),
        ({"8/layer.tar": "../9/layer.tar", "9/layer.tar": "../0/layer.tar"}, {"1/layer.tar"}),
        # which no engine makes, and which must not keep anybody for ever
        (
            {"8/layer.tar": "../9/layer.tar", "9/layer.tar": "../8/layer.tar"},
            {"0/layer.tar", "1/layer.tar"},
        ),
    ],
)
def test_links_lead_to_the_layer_that_they_stand_for(
    links: dict[str, str], needless: set[str]
) -> None:
    found = imagearchive.survey(pieces(image(b"a" * 50, b"b", links=links)))
    assert imagearchive.needless(found, 2) == needless


@given(
    st.lists(st.binary(max_size=2000), min_size=1, max_size=5),
    st.integers(0, 5),
    st.integers(1, 1500),
)
def test_whatever_is_left_out_the_rest_is_the_same_however_it_comes_in_pieces(
    layers: list[bytes], present: int, size: int
) -> None:
    data = image(*layers)
    found = imagearchive.survey(pieces(data, size))
    dropped = imagearchive.needless(found, present)
    whole = unpacked(pieces(data))
    kept = unpacked(imagearchive.without(pieces(data, size), dropped))
    assert kept == {name: content for name, content in whole.items() if name not in dropped}
    assert len(dropped) == min(present, len(layers))


@pytest.mark.parametrize("data", [b"", b"no archive" * 100, packed({"a": b"x"})])
def test_what_is_no_image_is_said(data: bytes) -> None:
    with pytest.raises(ClusterError, match="engine's archive"):
        imagearchive.survey(pieces(data))
