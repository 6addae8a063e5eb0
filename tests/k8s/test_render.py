"""From a job to its manifests: named, repeatable, without secrets, and the same job inside."""

from datetime import UTC, datetime

import pytest
import yaml

from ingest import __main__ as console
from ingest.config.load import load
from ingest.core.errors import ConfigError
from ingest.job import Job
from ingest.kubernetes.manifest import Manifest
from ingest.kubernetes.names import LONGEST, dns_label, is_dns_label, run_name
from ingest.kubernetes.render import as_yaml, render
from ingest.kubernetes.validating import validate

AT = datetime(2026, 11, 30, 2, 5, tzinfo=UTC)
JOB = """\
# @package _global_
name: orders
owner: me@example.org
description: For a test.
source: {type: csv, path: "s3://b/in/*.csv", connection: lake}
transforms:
  - {type: derive, columns: {note: "'\\\\${a} \\\\\\\\\\\\${b} no: ???x'"}}
sink: {type: parquet, path: s3://b/out, connection: lake, write_disposition: append}
state: s3://b/state
state_connection: lake
execution: {grace_s: 45}
cluster:
  type: kuberay
  image: registry.example.org/ingest:1
  env_secrets: [lake]
  worker_groups:
    spot: {cpu: 4, memory: 8GiB, max_workers: 10, spot: true, node_selector: {pool: spot}}
    gpu: {cpu: 8, memory: 32GiB, gpu: 1, max_workers: 2, tolerations: [{key: nvidia.com/gpu}]}
"""
LAKE = """\
type: s3
endpoint: https://s3.example.org
access_key_id: {env: LAKE_ID}
secret_access_key: {env: LAKE_SECRET}
"""


@pytest.fixture
def conf(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LAKE_SECRET", "hush")
    (tmp_path / "conf/job").mkdir(parents=True)
    (tmp_path / "conf/connection").mkdir()
    (tmp_path / "conf/job/orders.yaml").write_text(JOB)
    (tmp_path / "conf/connection/lake.yaml").write_text(LAKE)
    return tmp_path / "conf"


def rendered(conf, *settings, form="run", at=AT):
    return render(load(Job, conf, ["+job=orders", *settings]), form, at)


def refused(conf, *settings, form="run"):
    with pytest.raises(ConfigError) as error:
        rendered(conf, *settings, form=form)
    return error.value.lines


def test_the_same_job_and_time_give_the_same_text(conf):
    first, second = (as_yaml(list(rendered(conf).values())) for _ in range(2))
    assert first == second
    later = rendered(conf, at=datetime(2026, 11, 30, 2, 6, tzinfo=UTC))
    assert later["rayjob.yaml"]["metadata"]["name"] == "orders-20261130-020600"
    assert later["configmap.yaml"] == rendered(conf)["configmap.yaml"]
    changed = rendered(conf, "sink.path=s3://b/other")["configmap.yaml"]["metadata"]["name"]
    assert changed != rendered(conf)["configmap.yaml"]["metadata"]["name"]


def test_the_job_in_the_config_map_is_the_job(conf, tmp_path):
    text = rendered(conf)["configmap.yaml"]["data"]["job.yaml"]
    (tmp_path / "pod/job").mkdir(parents=True)
    (tmp_path / "pod/job/orders.yaml").write_text(text)
    there = load(Job, tmp_path / "pod", ["+job=orders"]).job
    here = load(Job, conf, ["+job=orders", "execution.workers=40"]).job
    assert there.execution.stall_timeout_s == there.cluster.start_deadline_s
    waiting = here.execution.model_copy(update={"stall_timeout_s": 3600.0})
    assert there == here.model_copy(update={"execution": waiting})
    assert there.transforms[0].columns == {"note": r"'${a} \${b} no: ???x'"}


@pytest.mark.parametrize("form", ["run", "schedule", "cluster"])
@pytest.mark.parametrize("cluster", ["kuberay_small", "kuberay_large", "gpu"])
def test_a_cluster_that_is_shipped_keeps_all_rules(conf, cluster, form):
    page = JOB.partition("cluster:")[0].replace(", connection: lake", "")
    page = page.replace("state_connection: lake\n", "") + "schedule: {cron: '@daily'}\n"
    (conf / "job/orders.yaml").write_text(page)
    settings = [f"cluster={cluster}", "cluster.image=registry.example.org/ingest:1"]
    settings += ["cluster.service_account=team"]
    objects = [Manifest(name, each) for name, each in rendered(conf, *settings, form=form).items()]
    report = validate(objects)
    assert not report.violations
    assert report.checked == len(objects)
    assert "'serviceAccountName': 'team'" in str([each.body for each in objects])


@pytest.mark.parametrize("form", ["run", "schedule", "cluster"])
def test_there_is_no_secret_in_it_but_references(conf, form):
    pages = rendered(conf, 'schedule={cron: "@daily"}', form=form)
    text = as_yaml(list(pages.values()))
    assert "hush" not in text
    assert "name: lake" in text


def test_the_pods_are_as_the_cluster_says(conf):
    job = rendered(conf, "cluster.env.ZONE=a", "cluster.env.KEY={secret: s, key: k}")["rayjob.yaml"]
    cluster = job["spec"]["rayClusterSpec"]
    spot, gpu = cluster["workerGroupSpecs"]
    assert (spot["priority"], gpu["priority"]) == (2, 1)
    assert (spot["minReplicas"], spot["maxReplicas"]) == (0, 10)
    assert spot["template"]["spec"]["nodeSelector"] == {"pool": "spot"}
    (container,) = gpu["template"]["spec"]["containers"]
    assert container["resources"]["limits"] == {"cpu": "8", "memory": "32Gi", "nvidia.com/gpu": "1"}
    values = {each["name"]: each.get("value", each.get("valueFrom")) for each in container["env"]}
    assert values["ZONE"] == "a"
    assert values["KEY"] == {"secretKeyRef": {"name": "s", "key": "k"}}
    assert values["RAY_grpc_client_keepalive_time_ms"] == "10000"
    head = cluster["headGroupSpec"]["template"]["spec"]
    assert head["terminationGracePeriodSeconds"] > 45
    assert head["containers"][0]["lifecycle"]["preStop"]["exec"]["command"][-1] == "45"
    assert cluster["headGroupSpec"]["rayStartParams"]["num-cpus"] == "0"


@pytest.mark.parametrize(
    ("platform", "label"), [("eks", "SPOT"), ("gke", "gke-spot"), ("aks", "spot")]
)
def test_spot_nodes_are_found_by_the_platform(conf, platform, label):
    settings = [f"cluster.platform={platform}", "~cluster.worker_groups.spot.node_selector"]
    job = rendered(conf, *settings)["rayjob.yaml"]["spec"]
    pod = job["rayClusterSpec"]["workerGroupSpecs"][0]["template"]["spec"]
    assert label in str(pod["nodeSelector"])
    assert ("tolerations" in pod) == (platform != "eks")


def test_a_schedule_starts_copies_of_a_job_that_never_runs(conf):
    schedule = 'schedule={cron: "30 2 * * *", timezone: Europe/Berlin, overlap: queue}'
    pages = rendered(conf, schedule, "cluster.queue=team", form="schedule")
    template, cron = pages["rayjob.yaml"], pages["cronjob.yaml"]
    assert template["spec"]["suspend"] is True
    assert "kueue.x-k8s.io/queue-name" not in template["metadata"]["labels"]
    assert template["spec"]["entrypoint"].endswith("--if-running wait")
    assert (cron["spec"]["schedule"], cron["spec"]["timeZone"]) == ("30 2 * * *", "Europe/Berlin")
    (container,) = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]["containers"]
    assert template["metadata"]["name"] in container["args"]
    assert container["args"][-2:] == ["--overlap", "queue"]
    ours = rendered(conf, schedule, "cluster.schedule_by=raycronjob", form="schedule")
    spec = ours["raycronjob.yaml"]["spec"]
    assert (spec["schedule"], spec["timeZone"]) == ("30 2 * * *", "Europe/Berlin")
    assert spec["jobTemplate"]["entrypoint"].endswith("--if-running wait")


LOCAL = """\
# @package _global_
name: orders
owner: me@example.org
description: For a test.
source: {type: csv, path: /shared/in.csv}
transforms: [{type: mask, columns: [a], method: hash, salt: {env: SALT}}]
contract: {on_error: quarantine, quarantine: {path: /shared/bad}}
sink: {type: parquet, path: /shared/out, write_disposition: append}
state: /shared/state
cluster: {type: kuberay, image: "x:1", worker_groups: {cpu: {}}}
"""


def test_disks_of_pods_and_missing_secrets_are_refused_all_at_once(conf):
    (conf / "job/orders.yaml").write_text(LOCAL)
    lines = refused(conf)
    assert [line.partition(": ")[2].partition(": ")[0] for line in lines] == [
        "sink.path", "contract.quarantine.path", "state", "source.path", "transforms[0].salt",
    ]  # fmt: skip
    assert "sink.path=s3://BUCKET/PATH" in lines[0]
    assert "cluster.env.SALT: {secret: NAME, key: KEY}" in lines[-1]
    assert rendered(conf, "cluster.volumes={/shared: claim}", "cluster.env_secrets=[salts]")


def test_the_entrypoint_runs_what_is_mounted(conf, tmp_path, monkeypatch, capsys):
    """The same words as in the pod, with its folder of configuration here, and without Ray."""
    (conf / "job/orders.yaml").write_text(LOCAL.replace("/shared", str(tmp_path)))
    monkeypatch.setenv("SALT", "grain")
    (tmp_path / "in.csv").write_text("a\n1\n2\n")
    pages = rendered(conf, f"cluster.volumes={{{tmp_path}: claim}}", "cluster.env_secrets=[salts]")
    spec = pages["rayjob.yaml"]["spec"]
    head = spec["rayClusterSpec"]["headGroupSpec"]["template"]["spec"]
    (mounted,) = [each for each in head["volumes"] if each["name"] == "job"]
    (item,) = mounted["configMap"]["items"]
    file = tmp_path / "etc" / item["path"]
    file.parent.mkdir(parents=True)
    file.write_text(pages["configmap.yaml"]["data"][item["key"]])
    (mount,) = [m for m in head["containers"][0]["volumeMounts"] if m["name"] == "job"]
    words = spec["entrypoint"].replace(mount["mountPath"], str(tmp_path / "etc")).split()
    assert words[:3] == ["python", "-m", "ingest.run"]
    assert console.main(["run", *words[3:], "cluster=inline"]) == 0
    assert "orders: published" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("settings", "form", "text"),
    [
        (["cluster=local"], "run", "is not a cluster on Kubernetes. Add cluster=kuberay_small"),
        ([], "schedule", "the job has no schedule. Write one: schedule: {cron:"),
        (["cluster.image=x:latest"], "run", "an image needs a tag that does not change"),
        (["~cluster.worker_groups.spot.node_selector"], "run", "nothing says which nodes"),
        (["cluster.worker_groups.spot.min_workers=11"], "run", "min_workers (11) is above"),
        (["cluster.env.DB_PASSWORD=hush"], "run", "no-secret-as-text"),
        (['schedule={cron: "0 25 * * *"}'], "run", '"25" is out of range. Write 0 to 23'),
        (["schedule={cron: '@daily', timezone: Berlin}"], "run", "there is no such time zone"),
        (
            ["schedule={cron: '@daily'}", "cluster.schedule_by=raycronjob", "cluster.queue=q"],
            "schedule",
            "gives no label of a queue",
        ),
    ],
)
def test_what_cannot_be_rendered_is_refused(conf, settings, form, text):
    lines = refused(conf, *settings, form=form)
    assert any(text in line for line in lines)
    assert "hush" not in str(lines)


def test_names_of_runs_fit_kubernetes():
    for job in ("a", "orders_daily", "x" * 80, "a__b_", "orders_" * 9):
        name = run_name(job, AT)
        assert is_dns_label(name)
        assert len(name) <= LONGEST["RayJob"]
        assert name.endswith("-20261130-020500")
    names = ["a_b", "a__b", "a_b_", "x" * 70, "x" * 71]
    assert len({dns_label(name, 30) for name in names}) == len(names)


def test_a_job_for_kubernetes_run_elsewhere_says_what_to_type(conf, capsys):
    assert console.main(["run", "orders"]) == 2
    said = capsys.readouterr().err
    assert said.startswith('error: conf/job/orders.yaml:13: cluster.type: "kuberay": ')
    assert "ingest k8s render orders | kubectl apply -f -" in said
    assert "add: cluster=auto" in said


def test_the_command_writes_a_folder_that_validates(conf, tmp_path, capsys):
    words = ["k8s", "render", "orders", "--at", "2026-11-30T02:05:00", "--to", "deploy"]
    assert console.main(words) == 0
    assert capsys.readouterr().out.endswith("next:\n  kubectl apply -k deploy\n")
    page = yaml.safe_load((tmp_path / "deploy/kustomization.yaml").read_text())
    assert page["resources"] == ["configmap.yaml", "rayjob.yaml"]
    assert console.main(["k8s", "validate", "deploy/rayjob.yaml", "deploy/configmap.yaml"]) == 0
    assert capsys.readouterr().out == "2 objects checked, 0 violations\n"
    words = ["k8s", "render", "--to", "all", "source.path=s3://lake/other"]  # all with a schedule
    assert console.main(words) == 0
    assert "was written" in capsys.readouterr().out
    assert console.main(["k8s", "render", "orders", "--at", "noon"]) == 2
    assert console.main(["k8s", "validate", "--at", "now"]) == 2
