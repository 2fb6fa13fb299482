"""What must not leave the machine does not: secrets in objects and in texts."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from minikube8s.cli.bundling.redacting import MARK, Redactor, holds_secret, values_of

PLAIN = "hunter2-hunter2"


def shown(obj: dict[str, Any], *known: str) -> str:
    return json.dumps(Redactor(known).shown(obj))


def encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def pod(container: dict[str, Any], **metadata: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "web", **metadata},
        "spec": {"containers": [{"name": "main", **container}]},
    }


SECRET = {
    "apiVersion": "v1",
    "kind": "Secret",
    "metadata": {
        "name": "db",
        "annotations": {
            "kubectl.kubernetes.io/last-applied-configuration": json.dumps(
                {"kind": "Secret", "stringData": {"x": PLAIN}}
            ),
            "team": "shop",
        },
    },
    "data": {"x": encoded(PLAIN)},
    "stringData": {"y": PLAIN},
    "type": "Opaque",
}


def test_of_a_secret_only_its_keys_and_sizes_are_shown() -> None:
    told = Redactor().shown(SECRET)
    assert told["data"] == {"x": "<redacted: 15 bytes>"}
    assert told["metadata"]["annotations"] == {"team": "shop"}
    assert PLAIN not in json.dumps(told) and encoded(PLAIN) not in json.dumps(told)


@pytest.mark.parametrize(
    "container",
    [
        {"env": [{"name": "DB_PASSWORD", "value": PLAIN}]},
        {"env": [{"name": "API_KEY", "value": PLAIN}]},
        {"env": [{"name": "URL", "value": f"postgres://shop:{PLAIN}@db/shop"}]},
        {"args": [f"--password={PLAIN}"]},
        {"args": ["--db-password", PLAIN]},
        {"args": ["-u", f"user:{PLAIN}"]},
        {"command": ["sh", "-c", f"login --token {PLAIN}; TOKEN={PLAIN} run"]},
        {"command": ["sh", "-c", f"curl -H 'Authorization: Bearer {PLAIN}' http://x"]},
        {
            "livenessProbe": {
                "httpGet": {"httpHeaders": [{"name": "Authorization", "value": f"Basic {PLAIN}"}]}
            }
        },
    ],
)
def test_credentials_of_containers_are_taken_out(container: dict[str, Any]) -> None:
    assert PLAIN not in shown(pod(container))
    applied = json.dumps(pod(container))
    annotations = {"kubectl.kubernetes.io/last-applied-configuration": applied}
    assert PLAIN not in shown(pod({}, annotations=annotations))


def test_what_a_reader_needs_stays() -> None:
    container = {
        "env": [
            {"name": "COLOUR", "value": "blue"},
            {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
        ],
        "image": "nginx:1.10",
        "args": ["--verbose", "--tokens-file=/run/t"],
        "volumeMounts": [{"mountPath": "/var/run/secrets/kubernetes.io/serviceaccount"}],
    }
    obj = pod(container, labels={"app": "web"}, managedFields=[{"manager": "x"}])
    obj["spec"] |= {"automountServiceAccountToken": True, "volumes": [{"secret": {}}]}
    obj["spec"]["volumes"] = [
        {"name": "s", "secret": {"secretName": "db", "defaultMode": 420}},
        {
            "name": "t",
            "projected": {
                "sources": [{"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}}]
            },
        },
    ]
    told = Redactor().shown(obj)
    del obj["metadata"]["managedFields"]
    assert told == obj


@pytest.mark.parametrize(
    "text",
    [
        f"password={PLAIN}",
        f'{{"password": "{PLAIN}"}}',
        f"db_password: '{PLAIN}'",
        f'{{\\"password\\": \\"{PLAIN}\\", \\"user\\": \\"u\\"}}',
        f"level=info token={PLAIN} user=x",
        f"GET https://user:{PLAIN}@host/path",
        f"Authorization: Bearer {PLAIN}",
        f"-----BEGIN RSA PRIVATE KEY-----\n{PLAIN}\n-----END RSA PRIVATE KEY-----",
        f"-----BEGIN PRIVATE KEY-----\n{PLAIN}\n",
        f"eyJhbGciOiJSUzI1NiJ9.{PLAIN}.c2lnbmF0dXJl",
        f"client-key-data: {PLAIN}",
        f"aws_secret_access_key = {PLAIN}",
        "password: 1234-hunter2-hunter2",
        "PASSWORD=true-hunter2-hunter2",
        f"password={{SSHA}}{PLAIN}",
        f"password := {PLAIN}",
        f"'password' => '{PLAIN}'",
        f"password: 'it''s {PLAIN}'",
        f'{{"password": "a\\"{PLAIN}"}}',
        f'"{{\\"password\\": \\"a\\\\\\"{PLAIN}\\"}}"',
        f'PASSWORD="{PLAIN}',
        f"  - password: |-\n      first\n\n      {PLAIN}",
        f"<password>{PLAIN}</password>",
        f"passwords:\n- {PLAIN}\n- 2{PLAIN}\nuser: u",
        f'{{"tokens": ["{PLAIN}", "2{PLAIN}"]}}',
        f'{{\\"tokens\\": [\\"{PLAIN}\\"]}}',
        f"password:\n    value: {PLAIN}",
        f'{{"password": {{"value": "{PLAIN}"}}}}',
        f"curl -u user:{PLAIN} http://x",
        f"https://hooks.slack.com/services/T0/B0/{PLAIN}",
        f"SSH_KEY={PLAIN}",
        f"Authorization: Token {PLAIN}",
        f'Authorization: Digest username="u", response="{PLAIN}"',
        f"Cookie: theme=dark; session={PLAIN}",
        f"postgres://shop:p@{PLAIN}@db/shop",
        f"-----BEGIN PGP PRIVATE KEY BLOCK-----\n{PLAIN}\n-----END PGP PRIVATE KEY BLOCK-----",
    ],
)
def test_what_looks_like_a_credential_is_taken_out_of_texts(text: str) -> None:
    told = Redactor().text(f"before\n{text}\nafter")
    assert PLAIN not in told and MARK in told
    assert told.startswith("before\n") and "<redacted> <redacted>" not in told


@pytest.mark.parametrize(
    "text",
    [
        "tokens: 5",
        "token: 3600,",
        '{"secret": true}',
        "token=null",
        "secrets:\n- name: db\n  key: a",
        '"imagePullSecrets": [\n {\n  "name": "db"\n }\n]',
        "secret:\n  secretName: db",
    ],
)
def test_counts_switches_and_references_are_no_credentials(text: str) -> None:
    assert Redactor().text(text) == text


def test_a_text_of_several_lines_ends_where_the_next_key_begins() -> None:
    told = Redactor().text("a:\n  password: |\n    one\n    two\n  user: u\n")
    assert told == f"a:\n  password: {MARK}\n  user: u\n"


def test_of_more_values_than_are_looked_for_the_short_ones_stay() -> None:
    redactor = Redactor([f"{place:0100d}" for place in range(2000)] + [PLAIN])
    assert redactor.is_cut and redactor.text(f"x{PLAIN}") == f"x{MARK}"
    assert not Redactor([PLAIN]).is_cut


def test_the_value_of_a_secret_is_found_in_urls_too() -> None:
    assert Redactor(["p@ss/word"]).text("https://x/?q=p%40ss%2Fword") == f"https://x/?q={MARK}"


def test_a_bootstrap_token_is_taken_out_and_host_names_stay() -> None:
    text = "join 10.0.0.5:6443 --token 4x9fya.3ntq0s8o2c1m7lpd at node.example.com"
    told = Redactor().text(text)
    assert "3ntq0s8o2c1m7lpd" not in told and "node.example.com" in told


@given(st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=6, max_size=40))
def test_the_value_of_a_secret_is_nowhere_whatever_it_is(value: str) -> None:
    secret = {"kind": "Secret", "data": {"x": encoded(value)}}
    known = list(values_of(secret))
    text = Redactor(known).text(f"the log says «{value.strip()}» and {encoded(value.strip())}.")
    if len(value.strip()) >= 6 and value.strip() not in MARK:
        assert f"«{value.strip()}»" not in text
        assert f" {encoded(value.strip())}." not in text


def test_the_parts_of_a_secrets_value_are_known_too() -> None:
    login = json.dumps({"auths": {"r.example": {"username": "u", "password": PLAIN}}})
    env = f"A=1\nKEY={PLAIN}-2\n{PLAIN}-3\nsome plain words\n"
    secret = {"data": {".dockerconfigjson": encoded(login), "env": encoded(env)}}
    known = set(values_of(secret))
    assert {PLAIN, f"{PLAIN}-2", f"{PLAIN}-3"} <= known and "some plain words" not in known
    public = {"data": {"ca.crt": encoded("certificate"), "token-id": encoded("abcdef")}}
    assert not list(values_of(public))


@pytest.mark.parametrize(
    ("name", "wanted"),
    [
        ("DB_PASSWORD", True),
        ("token", True),
        ("client-key-data", True),
        ("apiKey", True),
        ("secretName", False),
        ("expirationSeconds", False),
        ("author", False),
        ("tokenExpirationSeconds", False),
        ("image", False),
        ("compass", False),
        ("DB_CREDENTIALS", True),
        ("API_KEYS", True),
    ],
)
def test_names_say_what_holds_a_secret(name: str, wanted: bool) -> None:
    assert holds_secret(name) is wanted


def test_quotas_of_secrets_and_switches_stay() -> None:
    switch = {"rbac.authorization.kubernetes.io/autoupdate": "true"}
    obj = {
        "kind": "ResourceQuota",
        "metadata": {"annotations": switch},
        "spec": {"hard": {"secrets": "10", "count/secrets": "9"}},
    }
    assert Redactor().shown(obj) == obj


def test_config_maps_lose_values_whose_key_or_text_is_secret() -> None:
    obj = {
        "kind": "ConfigMap",
        "metadata": {"name": "c"},
        "data": {"password": PLAIN, "app.ini": f"colour=blue\ndb.password = {PLAIN}\n"},
        "binaryData": {"k": encoded(PLAIN)},
    }
    told = Redactor().shown(obj)
    assert PLAIN not in json.dumps(told) and encoded(PLAIN) not in json.dumps(told)
    assert told["data"]["app.ini"].startswith("colour=blue\n")


@pytest.mark.parametrize("text", ["a", "token", "x.-", '"', "://", "eyJa.", "--token ", "token=' "])
def test_no_text_takes_long(text: str) -> None:
    began = time.process_time()
    Redactor().text(text * (200_000 // len(text)))
    assert time.process_time() - began < 5
