from google.protobuf.internal import containers as _containers
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class Channel(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
    __slots__ = ()
    CHANNEL_UNSPECIFIED: _ClassVar[Channel]
    CHANNEL_STDIN: _ClassVar[Channel]
    CHANNEL_STDOUT: _ClassVar[Channel]
    CHANNEL_STDERR: _ClassVar[Channel]
CHANNEL_UNSPECIFIED: Channel
CHANNEL_STDIN: Channel
CHANNEL_STDOUT: Channel
CHANNEL_STDERR: Channel

class CertificateRequest(_message.Message):
    __slots__ = ("id", "request")
    ID_FIELD_NUMBER: _ClassVar[int]
    REQUEST_FIELD_NUMBER: _ClassVar[int]
    id: str
    request: bytes
    def __init__(self, id: _Optional[str] = ..., request: _Optional[bytes] = ...) -> None: ...

class Certificate(_message.Message):
    __slots__ = ("certificate",)
    CERTIFICATE_FIELD_NUMBER: _ClassVar[int]
    certificate: bytes
    def __init__(self, certificate: _Optional[bytes] = ...) -> None: ...

class TokenRequest(_message.Message):
    __slots__ = ("namespace", "pod", "uid", "audience", "expiration_seconds")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    POD_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    AUDIENCE_FIELD_NUMBER: _ClassVar[int]
    EXPIRATION_SECONDS_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    pod: str
    uid: str
    audience: str
    expiration_seconds: int
    def __init__(self, namespace: _Optional[str] = ..., pod: _Optional[str] = ..., uid: _Optional[str] = ..., audience: _Optional[str] = ..., expiration_seconds: _Optional[int] = ...) -> None: ...

class Token(_message.Message):
    __slots__ = ("token",)
    TOKEN_FIELD_NUMBER: _ClassVar[int]
    token: str
    def __init__(self, token: _Optional[str] = ...) -> None: ...

class Up(_message.Message):
    __slots__ = ("sequence", "hello", "heartbeat", "pod_status", "pod_gone", "node_status", "event", "volume_removed", "mirror_pod")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    HELLO_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_FIELD_NUMBER: _ClassVar[int]
    POD_STATUS_FIELD_NUMBER: _ClassVar[int]
    POD_GONE_FIELD_NUMBER: _ClassVar[int]
    NODE_STATUS_FIELD_NUMBER: _ClassVar[int]
    EVENT_FIELD_NUMBER: _ClassVar[int]
    VOLUME_REMOVED_FIELD_NUMBER: _ClassVar[int]
    MIRROR_POD_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    hello: Hello
    heartbeat: Heartbeat
    pod_status: PodStatus
    pod_gone: PodGone
    node_status: NodeStatus
    event: Event
    volume_removed: VolumeRemoved
    mirror_pod: MirrorPod
    def __init__(self, sequence: _Optional[int] = ..., hello: _Optional[_Union[Hello, _Mapping]] = ..., heartbeat: _Optional[_Union[Heartbeat, _Mapping]] = ..., pod_status: _Optional[_Union[PodStatus, _Mapping]] = ..., pod_gone: _Optional[_Union[PodGone, _Mapping]] = ..., node_status: _Optional[_Union[NodeStatus, _Mapping]] = ..., event: _Optional[_Union[Event, _Mapping]] = ..., volume_removed: _Optional[_Union[VolumeRemoved, _Mapping]] = ..., mirror_pod: _Optional[_Union[MirrorPod, _Mapping]] = ...) -> None: ...

class Hello(_message.Message):
    __slots__ = ("node", "status_json", "labels", "roles", "agent_version", "volumes_dir", "instance")
    class LabelsEntry(_message.Message):
        __slots__ = ("key", "value")
        KEY_FIELD_NUMBER: _ClassVar[int]
        VALUE_FIELD_NUMBER: _ClassVar[int]
        key: str
        value: str
        def __init__(self, key: _Optional[str] = ..., value: _Optional[str] = ...) -> None: ...
    NODE_FIELD_NUMBER: _ClassVar[int]
    STATUS_JSON_FIELD_NUMBER: _ClassVar[int]
    LABELS_FIELD_NUMBER: _ClassVar[int]
    ROLES_FIELD_NUMBER: _ClassVar[int]
    AGENT_VERSION_FIELD_NUMBER: _ClassVar[int]
    VOLUMES_DIR_FIELD_NUMBER: _ClassVar[int]
    INSTANCE_FIELD_NUMBER: _ClassVar[int]
    node: str
    status_json: bytes
    labels: _containers.ScalarMap[str, str]
    roles: _containers.RepeatedScalarFieldContainer[str]
    agent_version: str
    volumes_dir: str
    instance: str
    def __init__(self, node: _Optional[str] = ..., status_json: _Optional[bytes] = ..., labels: _Optional[_Mapping[str, str]] = ..., roles: _Optional[_Iterable[str]] = ..., agent_version: _Optional[str] = ..., volumes_dir: _Optional[str] = ..., instance: _Optional[str] = ...) -> None: ...

class Heartbeat(_message.Message):
    __slots__ = ("seen_revision",)
    SEEN_REVISION_FIELD_NUMBER: _ClassVar[int]
    seen_revision: int
    def __init__(self, seen_revision: _Optional[int] = ...) -> None: ...

class PodStatus(_message.Message):
    __slots__ = ("namespace", "name", "uid", "status_json")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    STATUS_JSON_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    uid: str
    status_json: bytes
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., uid: _Optional[str] = ..., status_json: _Optional[bytes] = ...) -> None: ...

class PodGone(_message.Message):
    __slots__ = ("namespace", "name", "uid")
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    namespace: str
    name: str
    uid: str
    def __init__(self, namespace: _Optional[str] = ..., name: _Optional[str] = ..., uid: _Optional[str] = ...) -> None: ...

class MirrorPod(_message.Message):
    __slots__ = ("pod_json",)
    POD_JSON_FIELD_NUMBER: _ClassVar[int]
    pod_json: bytes
    def __init__(self, pod_json: _Optional[bytes] = ...) -> None: ...

class NodeStatus(_message.Message):
    __slots__ = ("status_json",)
    STATUS_JSON_FIELD_NUMBER: _ClassVar[int]
    status_json: bytes
    def __init__(self, status_json: _Optional[bytes] = ...) -> None: ...

class VolumeRemoved(_message.Message):
    __slots__ = ("name", "uid")
    NAME_FIELD_NUMBER: _ClassVar[int]
    UID_FIELD_NUMBER: _ClassVar[int]
    name: str
    uid: str
    def __init__(self, name: _Optional[str] = ..., uid: _Optional[str] = ...) -> None: ...

class Event(_message.Message):
    __slots__ = ("involved_json", "type", "reason", "message", "time")
    INVOLVED_JSON_FIELD_NUMBER: _ClassVar[int]
    TYPE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    TIME_FIELD_NUMBER: _ClassVar[int]
    involved_json: bytes
    type: str
    reason: str
    message: str
    time: int
    def __init__(self, involved_json: _Optional[bytes] = ..., type: _Optional[str] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ..., time: _Optional[int] = ...) -> None: ...

class Down(_message.Message):
    __slots__ = ("welcome", "sync", "routes", "ack", "refused", "open_tunnel", "close_tunnel")
    WELCOME_FIELD_NUMBER: _ClassVar[int]
    SYNC_FIELD_NUMBER: _ClassVar[int]
    ROUTES_FIELD_NUMBER: _ClassVar[int]
    ACK_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    OPEN_TUNNEL_FIELD_NUMBER: _ClassVar[int]
    CLOSE_TUNNEL_FIELD_NUMBER: _ClassVar[int]
    welcome: Welcome
    sync: Sync
    routes: Routes
    ack: Ack
    refused: Refused
    open_tunnel: OpenTunnel
    close_tunnel: CloseTunnel
    def __init__(self, welcome: _Optional[_Union[Welcome, _Mapping]] = ..., sync: _Optional[_Union[Sync, _Mapping]] = ..., routes: _Optional[_Union[Routes, _Mapping]] = ..., ack: _Optional[_Union[Ack, _Mapping]] = ..., refused: _Optional[_Union[Refused, _Mapping]] = ..., open_tunnel: _Optional[_Union[OpenTunnel, _Mapping]] = ..., close_tunnel: _Optional[_Union[CloseTunnel, _Mapping]] = ...) -> None: ...

class Welcome(_message.Message):
    __slots__ = ("cluster", "pod_cidr", "cluster_cidr", "service_cidr", "cluster_domain", "cluster_dns", "heartbeat_seconds", "pod_network", "vxlan_id", "vxlan_port", "pod_cidrs")
    CLUSTER_FIELD_NUMBER: _ClassVar[int]
    POD_CIDR_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_CIDR_FIELD_NUMBER: _ClassVar[int]
    SERVICE_CIDR_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_DOMAIN_FIELD_NUMBER: _ClassVar[int]
    CLUSTER_DNS_FIELD_NUMBER: _ClassVar[int]
    HEARTBEAT_SECONDS_FIELD_NUMBER: _ClassVar[int]
    POD_NETWORK_FIELD_NUMBER: _ClassVar[int]
    VXLAN_ID_FIELD_NUMBER: _ClassVar[int]
    VXLAN_PORT_FIELD_NUMBER: _ClassVar[int]
    POD_CIDRS_FIELD_NUMBER: _ClassVar[int]
    cluster: str
    pod_cidr: str
    cluster_cidr: str
    service_cidr: str
    cluster_domain: str
    cluster_dns: str
    heartbeat_seconds: int
    pod_network: str
    vxlan_id: int
    vxlan_port: int
    pod_cidrs: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, cluster: _Optional[str] = ..., pod_cidr: _Optional[str] = ..., cluster_cidr: _Optional[str] = ..., service_cidr: _Optional[str] = ..., cluster_domain: _Optional[str] = ..., cluster_dns: _Optional[str] = ..., heartbeat_seconds: _Optional[int] = ..., pod_network: _Optional[str] = ..., vxlan_id: _Optional[int] = ..., vxlan_port: _Optional[int] = ..., pod_cidrs: _Optional[_Iterable[str]] = ...) -> None: ...

class Sync(_message.Message):
    __slots__ = ("complete", "last_part", "revision", "upserts", "removals")
    COMPLETE_FIELD_NUMBER: _ClassVar[int]
    LAST_PART_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    UPSERTS_FIELD_NUMBER: _ClassVar[int]
    REMOVALS_FIELD_NUMBER: _ClassVar[int]
    complete: bool
    last_part: bool
    revision: int
    upserts: _containers.RepeatedCompositeFieldContainer[Upsert]
    removals: _containers.RepeatedCompositeFieldContainer[Removal]
    def __init__(self, complete: _Optional[bool] = ..., last_part: _Optional[bool] = ..., revision: _Optional[int] = ..., upserts: _Optional[_Iterable[_Union[Upsert, _Mapping]]] = ..., removals: _Optional[_Iterable[_Union[Removal, _Mapping]]] = ...) -> None: ...

class Upsert(_message.Message):
    __slots__ = ("resource", "namespace", "name", "revision", "object_json")
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    OBJECT_JSON_FIELD_NUMBER: _ClassVar[int]
    resource: str
    namespace: str
    name: str
    revision: int
    object_json: bytes
    def __init__(self, resource: _Optional[str] = ..., namespace: _Optional[str] = ..., name: _Optional[str] = ..., revision: _Optional[int] = ..., object_json: _Optional[bytes] = ...) -> None: ...

class Removal(_message.Message):
    __slots__ = ("resource", "namespace", "name")
    RESOURCE_FIELD_NUMBER: _ClassVar[int]
    NAMESPACE_FIELD_NUMBER: _ClassVar[int]
    NAME_FIELD_NUMBER: _ClassVar[int]
    resource: str
    namespace: str
    name: str
    def __init__(self, resource: _Optional[str] = ..., namespace: _Optional[str] = ..., name: _Optional[str] = ...) -> None: ...

class Routes(_message.Message):
    __slots__ = ("nodes",)
    NODES_FIELD_NUMBER: _ClassVar[int]
    nodes: _containers.RepeatedCompositeFieldContainer[NodeRoute]
    def __init__(self, nodes: _Optional[_Iterable[_Union[NodeRoute, _Mapping]]] = ...) -> None: ...

class NodeRoute(_message.Message):
    __slots__ = ("node", "pod_cidr", "address", "pod_cidrs", "addresses")
    NODE_FIELD_NUMBER: _ClassVar[int]
    POD_CIDR_FIELD_NUMBER: _ClassVar[int]
    ADDRESS_FIELD_NUMBER: _ClassVar[int]
    POD_CIDRS_FIELD_NUMBER: _ClassVar[int]
    ADDRESSES_FIELD_NUMBER: _ClassVar[int]
    node: str
    pod_cidr: str
    address: str
    pod_cidrs: _containers.RepeatedScalarFieldContainer[str]
    addresses: _containers.RepeatedScalarFieldContainer[str]
    def __init__(self, node: _Optional[str] = ..., pod_cidr: _Optional[str] = ..., address: _Optional[str] = ..., pod_cidrs: _Optional[_Iterable[str]] = ..., addresses: _Optional[_Iterable[str]] = ...) -> None: ...

class Ack(_message.Message):
    __slots__ = ("sequence",)
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    def __init__(self, sequence: _Optional[int] = ...) -> None: ...

class Refused(_message.Message):
    __slots__ = ("sequence", "reason", "message")
    SEQUENCE_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    MESSAGE_FIELD_NUMBER: _ClassVar[int]
    sequence: int
    reason: str
    message: str
    def __init__(self, sequence: _Optional[int] = ..., reason: _Optional[str] = ..., message: _Optional[str] = ...) -> None: ...

class OpenTunnel(_message.Message):
    __slots__ = ("id", "kind", "options_json")
    ID_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    OPTIONS_JSON_FIELD_NUMBER: _ClassVar[int]
    id: str
    kind: str
    options_json: bytes
    def __init__(self, id: _Optional[str] = ..., kind: _Optional[str] = ..., options_json: _Optional[bytes] = ...) -> None: ...

class CloseTunnel(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class Frame(_message.Message):
    __slots__ = ("attach", "started", "data", "status", "resize", "close")
    ATTACH_FIELD_NUMBER: _ClassVar[int]
    STARTED_FIELD_NUMBER: _ClassVar[int]
    DATA_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    RESIZE_FIELD_NUMBER: _ClassVar[int]
    CLOSE_FIELD_NUMBER: _ClassVar[int]
    attach: Attach
    started: Started
    data: Data
    status: Status
    resize: Resize
    close: Close
    def __init__(self, attach: _Optional[_Union[Attach, _Mapping]] = ..., started: _Optional[_Union[Started, _Mapping]] = ..., data: _Optional[_Union[Data, _Mapping]] = ..., status: _Optional[_Union[Status, _Mapping]] = ..., resize: _Optional[_Union[Resize, _Mapping]] = ..., close: _Optional[_Union[Close, _Mapping]] = ...) -> None: ...

class Attach(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class Started(_message.Message):
    __slots__ = ()
    def __init__(self) -> None: ...

class Data(_message.Message):
    __slots__ = ("channel", "content")
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    CONTENT_FIELD_NUMBER: _ClassVar[int]
    channel: Channel
    content: bytes
    def __init__(self, channel: _Optional[_Union[Channel, str]] = ..., content: _Optional[bytes] = ...) -> None: ...

class Status(_message.Message):
    __slots__ = ("status_json",)
    STATUS_JSON_FIELD_NUMBER: _ClassVar[int]
    status_json: bytes
    def __init__(self, status_json: _Optional[bytes] = ...) -> None: ...

class Resize(_message.Message):
    __slots__ = ("width", "height")
    WIDTH_FIELD_NUMBER: _ClassVar[int]
    HEIGHT_FIELD_NUMBER: _ClassVar[int]
    width: int
    height: int
    def __init__(self, width: _Optional[int] = ..., height: _Optional[int] = ...) -> None: ...

class Close(_message.Message):
    __slots__ = ("channel",)
    CHANNEL_FIELD_NUMBER: _ClassVar[int]
    channel: Channel
    def __init__(self, channel: _Optional[_Union[Channel, str]] = ...) -> None: ...
