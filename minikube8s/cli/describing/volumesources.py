"""What is told of each kind of volume: labels, fields, and what stands for a missing one. Data."""

from __future__ import annotations

from minikube8s.cli.describing import common

Row = tuple[str, str, object]
"""A label, the field (of a field, after a dot) that it shows, and what stands for a missing one."""

_READONLY: Row = ("ReadOnly:", "readOnly", False)
_FSTYPE: Row = ("FSType:", "fsType", "")
_OPTIONAL: Row = ("Optional:", "optional", False)
_SECRET: Row = ("SecretRef:", "secretRef", None)

SOURCES: dict[str, tuple[str, tuple[Row, ...]]] = {
    "hostPath": (
        "HostPath (bare host directory volume)",
        (("Path:", "path", ""), ("HostPathType:", "type", common.NONE)),
    ),
    "emptyDir": (
        "EmptyDir (a temporary directory that shares a pod's lifetime)",
        (("Medium:", "medium", ""), ("SizeLimit:", "sizeLimit", common.UNSET)),
    ),
    "gcePersistentDisk": (
        "GCEPersistentDisk (a Persistent Disk resource in Google Compute Engine)",
        (("PDName:", "pdName", ""), _FSTYPE, ("Partition:", "partition", 0), _READONLY),
    ),
    "awsElasticBlockStore": (
        "AWSElasticBlockStore (a Persistent Disk resource in AWS)",
        (("VolumeID:", "volumeID", ""), _FSTYPE, ("Partition:", "partition", 0), _READONLY),
    ),
    "gitRepo": (
        "GitRepo (a volume that is pulled from git when the pod is created)",
        (("Repository:", "repository", ""), ("Revision:", "revision", "")),
    ),
    "secret": (
        "Secret (a volume populated by a Secret)",
        (("SecretName:", "secretName", ""), _OPTIONAL),
    ),
    "configMap": (
        "ConfigMap (a volume populated by a ConfigMap)",
        (("Name:", "name", ""), _OPTIONAL),
    ),
    "nfs": (
        "NFS (an NFS mount that lasts the lifetime of a pod)",
        (("Server:", "server", ""), ("Path:", "path", ""), _READONLY),
    ),
    "iscsi": (
        "ISCSI (an ISCSI Disk resource that is attached to a kubelet's host machine and then "
        "exposed to the pod)",
        (
            ("TargetPortal:", "targetPortal", ""),
            ("IQN:", "iqn", ""),
            ("Lun:", "lun", 0),
            ("ISCSIInterface", "iscsiInterface", ""),
            _FSTYPE,
            _READONLY,
            ("Portals:", "portals", []),
            ("DiscoveryCHAPAuth:", "chapAuthDiscovery", False),
            ("SessionCHAPAuth:", "chapAuthSession", False),
            _SECRET,
            ("InitiatorName:", "initiatorName", common.NONE),
        ),
    ),
    "glusterfs": (
        "Glusterfs (a Glusterfs mount on the host that shares a pod's lifetime)",
        (("EndpointsName:", "endpoints", ""), ("Path:", "path", ""), _READONLY),
    ),
    "persistentVolumeClaim": (
        "PersistentVolumeClaim (a reference to a PersistentVolumeClaim in the same namespace)",
        (("ClaimName:", "claimName", ""), _READONLY),
    ),
    "rbd": (
        "RBD (a Rados Block Device mount on the host that shares a pod's lifetime)",
        (
            ("CephMonitors:", "monitors", []),
            ("RBDImage:", "image", ""),
            _FSTYPE,
            ("RBDPool:", "pool", ""),
            ("RadosUser:", "user", ""),
            ("Keyring:", "keyring", ""),
            _SECRET,
            _READONLY,
        ),
    ),
    "quobyte": (
        "Quobyte (a Quobyte mount on the host that shares a pod's lifetime)",
        (("Registry:", "registry", ""), ("Volume:", "volume", ""), _READONLY),
    ),
    "azureDisk": (
        "AzureDisk (an Azure Data Disk mount on the host and bind mount to the pod)",
        (
            ("DiskName:", "diskName", ""),
            ("DiskURI:", "diskURI", ""),
            ("Kind: ", "kind", "Shared"),
            ("FSType:", "fsType", "ext4"),
            ("CachingMode:", "cachingMode", "ReadWrite"),
            _READONLY,
        ),
    ),
    "vsphereVolume": (
        "vSphereVolume (a Persistent Disk resource in vSphere)",
        (
            ("VolumePath:", "volumePath", ""),
            _FSTYPE,
            ("StoragePolicyName:", "storagePolicyName", ""),
        ),
    ),
    "cinder": (
        "Cinder (a Persistent Disk resource in OpenStack)",
        (("VolumeID:", "volumeID", ""), _FSTYPE, _READONLY, _SECRET),
    ),
    "photonPersistentDisk": (
        "PhotonPersistentDisk (a Persistent Disk resource in photon platform)",
        (("PdID:", "pdID", ""), _FSTYPE),
    ),
    "portworxVolume": (
        "PortworxVolume (a Portworx Volume resource)",
        (("VolumeID:", "volumeID", ""),),
    ),
    "scaleIO": (
        "ScaleIO (a persistent volume backed by a block device in ScaleIO)",
        (
            ("Gateway:", "gateway", ""),
            ("System:", "system", ""),
            ("Protection Domain:", "protectionDomain", ""),
            ("Storage Pool:", "storagePool", ""),
            ("Storage Mode:", "storageMode", ""),
            ("VolumeName:", "volumeName", ""),
            _FSTYPE,
            _READONLY,
        ),
    ),
    "local": (
        "LocalVolume (a persistent volume backed by local storage on a node)",
        (("Path:", "path", ""),),
    ),
    "cephfs": (
        "CephFS (a CephFS mount on the host that shares a pod's lifetime)",
        (
            ("Monitors:", "monitors", []),
            ("Path:", "path", ""),
            ("User:", "user", ""),
            ("SecretFile:", "secretFile", ""),
            _SECRET,
            _READONLY,
        ),
    ),
    "storageos": (
        "StorageOS (a StorageOS Persistent Disk resource)",
        (
            ("VolumeName:", "volumeName", ""),
            ("VolumeNamespace:", "volumeNamespace", ""),
            _FSTYPE,
            _READONLY,
        ),
    ),
    "fc": (
        "FC (a Fibre Channel disk)",
        (("TargetWWNs:", "targetWWNs", ""), ("LUN:", "lun", common.NONE), _FSTYPE, _READONLY),
    ),
    "azureFile": (
        "AzureFile (an Azure File Service mount on the host and bind mount to the pod)",
        (("SecretName:", "secretName", ""), ("ShareName:", "shareName", ""), _READONLY),
    ),
    "flexVolume": (
        "FlexVolume (a generic volume resource that is provisioned/attached using an exec based "
        "plugin)",
        (("Driver:", "driver", ""), _FSTYPE, _SECRET, _READONLY, ("Options:", "options", {})),
    ),
    "flocker": (
        "Flocker (a Flocker volume mounted by the Flocker agent)",
        (("DatasetName:", "datasetName", ""), ("DatasetUUID:", "datasetUUID", "")),
    ),
    "csi": (
        "CSI (a Container Storage Interface (CSI) volume source)",
        (("Driver:", "driver", ""), _FSTYPE, _READONLY),
    ),
    "image": (
        "Image (a container image or OCI artifact)",
        (("Reference:", "reference", ""), ("PullPolicy:", "pullPolicy", "")),
    ),
}

PERSISTENT: dict[str, tuple[Row, ...]] = {
    "glusterfs": (
        ("EndpointsName:", "endpoints", ""),
        ("EndpointsNamespace:", "endpointsNamespace", common.UNSET),
        ("Path:", "path", ""),
        _READONLY,
    ),
    "scaleIO": (
        *SOURCES["scaleIO"][1][:6],
        ("SecretName:", "secretRef.name", ""),
        ("SecretNamespace:", "secretRef.namespace", ""),
        _FSTYPE,
        _READONLY,
    ),
    "azureFile": (
        ("SecretName:", "secretName", ""),
        ("SecretNamespace:", "secretNamespace", ""),
        ("ShareName:", "shareName", ""),
        _READONLY,
    ),
    "csi": (
        ("Driver:", "driver", ""),
        _FSTYPE,
        ("VolumeHandle:", "volumeHandle", ""),
        _READONLY,
    ),
}
"""Where a PersistentVolume's source shows other fields than a pod's."""
