"""The volumes of pods: directories and files of this node that appear in containers.

Owns everything below the directories that it is given, mounts included. Knows neither Docker nor
gRPC: what a volume holds comes in through `Sources`, where it is goes out as a path.
"""

from mk8s_agent.volumes.errors import VolumeError, VolumesNotReady
from mk8s_agent.volumes.sources import Sources
from mk8s_agent.volumes.volume_set import Placed, Volumes

__all__ = ["Placed", "Sources", "VolumeError", "Volumes", "VolumesNotReady"]
