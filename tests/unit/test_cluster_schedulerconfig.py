"""The user's KubeSchedulerConfiguration, as the master is told it."""

from pathlib import Path

import msgspec
import pytest

from minikube8s.cluster import layout, master
from minikube8s.cluster.config import Home, Settings
from minikube8s.cluster.errors import ClusterError
from minikube8s.cluster.layout import MasterConfig
from minikube8s.cluster.schedulerconfig import ProfileConfig, read

FILE = """
apiVersion: kubescheduler.config.k8s.io/v1
kind: KubeSchedulerConfiguration
profiles:
- schedulerName: default-scheduler
- schedulerName: packing
  plugins:
    multiPoint:
      enabled: [{name: ImageLocality, weight: 5}]
      disabled: [{name: TaintToleration}]
    filter:
      disabled: [{name: NodePorts}]
    score:
      disabled: [{name: "*"}]
      enabled: [{name: NodeAffinity}]
"""


def test_profiles_are_told_with_their_filters_scores_and_weights(tmp_path: Path) -> None:
    file = tmp_path / "scheduler.yaml"
    file.write_text(FILE)
    assert read(str(file)) == (
        ProfileConfig(),
        ProfileConfig(
            "packing",
            ("TaintToleration", "NodePorts"),
            ("ImageLocality",),
            ("TaintToleration", "*"),
            ("ImageLocality", "NodeAffinity"),
            {"ImageLocality": 5},
        ),
    )
    assert read("") == (ProfileConfig(),)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("{", "is not YAML"),
        ("kind: Pod", "is no KubeSchedulerConfiguration"),
        ("[]", "cannot be used: Expected `object`, got `array`."),
        ("{kind: KubeSchedulerConfiguration, extenders: []}", "unknown field `extenders`"),
        ("{kind: KubeSchedulerConfiguration, profiles: [{}, {}]}", "two profiles of one"),
        (FILE.replace("weight: 5", "weight: -1"), "Expected `int` >= 0"),
        (
            "{kind: KubeSchedulerConfiguration, profiles: [{plugins: {bind: {}}}]}",
            "unknown field `bind`",
        ),
    ],
)
def test_what_does_not_count_is_refused_by_its_name(tmp_path: Path, text: str, why: str) -> None:
    file = tmp_path / "scheduler.yaml"
    file.write_text(text)
    with pytest.raises(ClusterError, match=why):
        read(str(file))


def test_the_master_is_told_the_profiles_in_its_file_and_makes_the_scheduler_with_them(
    tmp_path: Path,
) -> None:
    file = tmp_path / "scheduler.yaml"
    file.write_text(FILE)
    home, settings = Home(tmp_path), Settings(scheduler_config=str(file))
    layout.write_configuration(home, settings)
    told = msgspec.json.decode((home.master / "master.json").read_bytes(), type=MasterConfig)
    assert told.profiles == read(str(file))
    packing = master.profile(told.profiles[1])
    assert packing.scheduler_name == "packing"
    assert packing.filters.has("ImageLocality") and not packing.filters.has("NodePorts")
    assert packing.scores.has("ImageLocality") and not packing.scores.has("NodeResourcesFit")
    assert packing.weights == {"ImageLocality": 5}


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(ClusterError, match=r"nothing\.yaml cannot be read"):
        read(str(tmp_path / "nothing.yaml"))
