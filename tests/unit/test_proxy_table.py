"""How the table changes: what is made, what switches over, what is swept."""

from __future__ import annotations

from dataclasses import replace

from mk8s_agent.proxy.desired import Backend, PortKey, ServicePort
from mk8s_agent.proxy.table import ServiceTable, TableConfig

CONFIG = TableConfig("mk8s", "n1", "10.244.0.0/16", "10.96.0.0/12")


def port(name: str, *addresses: str, external_ip: str = "203.0.113.7") -> ServicePort:
    found = tuple(Backend(address, 80, here=False) for address in addresses)
    return ServicePort(
        key=PortKey("default", name, "80"),
        protocol="tcp",
        port=80,
        cluster_ips=(),
        external_ips=(external_ip,),
        node_port=0,
        affinity_seconds=0,
        internal_local=False,
        external_local=False,
        backends=found,
        local=found,
    )


WEB = port("web", "10.244.0.2")


def test_a_new_service_has_its_chains_before_anything_leads_to_them() -> None:
    update = ServiceTable(CONFIG).update({WEB.key: WEB})
    assert update.make.splitlines() == [
        "table ip mk8s {",
        "\tchain svc_default_web_80.1 {",
        "\t\tmeta l4proto tcp dnat ip to 10.244.0.2:80",
        "\t}",
        "\tchain ext_default_web_80.1 {",
        "\t\tmeta mark set meta mark or 0x2000",
        "\t\tgoto svc_default_web_80.1",
        "\t}",
        "}",
    ]
    assert update.switch == (
        "add element ip mk8s service-ips { 203.0.113.7 . tcp . 80 : goto ext_default_web_80.1 }\n"
    )
    assert update.sweep == ""


def test_a_changed_service_switches_in_one_transaction_and_is_swept_after() -> None:
    table = ServiceTable(CONFIG)
    table.update({WEB.key: WEB})
    changed = replace(WEB, backends=(*WEB.backends, Backend("10.244.0.3", 80, here=False)))
    update = table.update({WEB.key: changed})
    assert update.switch.splitlines() == [
        "delete element ip mk8s service-ips { 203.0.113.7 . tcp . 80 }",
        "add element ip mk8s service-ips { 203.0.113.7 . tcp . 80 : goto ext_default_web_80.2 }",
    ]
    assert update.sweep.splitlines()[-1] == "delete chain ip mk8s ext_default_web_80.1"


def test_what_did_not_change_costs_nothing() -> None:
    table = ServiceTable(CONFIG)
    table.update({WEB.key: WEB})
    assert table.update({WEB.key: WEB}).transactions() == []
    assert table.update({PortKey("default", "none", "80"): None}).transactions() == []


def test_of_two_services_that_claim_an_address_the_first_by_name_has_it_and_hands_over() -> None:
    table = ServiceTable(CONFIG)
    api = port("api", "10.244.0.9")
    table.update({WEB.key: WEB})
    taken = table.update({api.key: api})
    assert "goto ext_default_api_80.2" in taken.switch
    handed_over = table.update({api.key: None})
    assert handed_over.switch.splitlines() == [
        "delete element ip mk8s service-ips { 203.0.113.7 . tcp . 80 }",
        "add element ip mk8s service-ips { 203.0.113.7 . tcp . 80 : goto ext_default_web_80.1 }",
    ]


def test_clusters_have_tables_of_their_own() -> None:
    other = TableConfig("lab", "n1", "10.244.0.0/16", "10.96.0.0/12")
    assert (
        ServiceTable(other).full().startswith("add table ip mk8s-lab\ndelete table ip mk8s-lab\n")
    )
