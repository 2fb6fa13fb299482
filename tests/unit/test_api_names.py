"""Names are accepted and refused as Kubernetes does, in its words."""

import pytest

from minikube8s.api import names


@pytest.mark.parametrize(
    ("check", "good", "bad"),
    [
        (names.dns1123_label, ["a", "a-1", "1a", "a" * 63], ["", "-a", "a-", "A", "a_b", "a.b"]),
        (names.dns1123_subdomain, ["a", "a.b-c.1"], ["", ".a", "a..b", "a.", "A", "a" * 254]),
        (names.dns1035_label, ["a", "a-1"], ["", "1a", "a.b", "A", "a" * 64]),
        (
            names.qualified_name,
            ["a", "A.b_c-1", "example.com/a"],
            ["", "/a", "a/", "a/b/c", "UP/a", "-a", "a" * 64, "x y"],
        ),
        (names.label_value, ["", "a", "A_b.c-1", "a" * 63], ["-a", "a b", "a" * 64, "é"]),
        (names.path_segment, ["a", "system:node"], [".", "..", "a/b", "a%b"]),
        (names.config_key, ["a", "A_b.c", ".hidden"], ["", ".", "..", "..a", "a/b", "a" * 254]),
        (names.environment_name, ["A", "a.b", "1", "a b"], ["", "A=B", "é", "a\tb"]),
        (names.port_name, ["http", "a1", "1a-b"], ["", "80", "a--b", "-a", "a-", "A", "a" * 16]),
    ],
)
def test_a_check_accepts_good_names_and_refuses_bad_ones(check, good, bad):
    assert [one for one in good if check(one)] == []
    assert [one for one in bad if not check(one)] == []


def test_port_numbers_end_at_65535():
    assert not names.port_number(1)
    assert not names.port_number(65535)
    assert names.port_number(0) == ["must be between 1 and 65535, inclusive"]
    assert names.port_number(65536) == ["must be between 1 and 65535, inclusive"]


def test_a_refusal_shows_examples_and_the_expression():
    assert names.dns1123_subdomain("Web") == [
        "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or"
        " '.', and must start and end with an alphanumeric character (e.g. 'example.com', regex"
        " used for validation is '[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*'"
        ")"
    ]


def test_a_label_with_dots_gets_the_short_sentence():
    assert names.dns1123_label("a.b") == ["must not contain dots"]


def test_a_bad_prefix_of_a_key_is_told_apart_from_a_bad_name():
    assert names.qualified_name("/a") == ["prefix part must be non-empty"]
    assert names.qualified_name("a/")[0] == "name part must be non-empty"
    assert "(e.g. 'example.com/MyName')" in names.qualified_name("a/b/c")[0]


def test_generated_names_fit_a_label():
    assert names.generate("web-", "bcdfg") == "web-bcdfg"
    assert names.generate("a" * 80, "bcdfg") == "a" * 58 + "bcdfg"


def test_the_suffix_alphabet_makes_no_words_and_no_look_alikes():
    assert not set(names.SUFFIX_ALPHABET) & set("aeiou013")
    assert len(names.SUFFIX_ALPHABET) == len(set(names.SUFFIX_ALPHABET)) == 27
