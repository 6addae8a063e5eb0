"""Every way to get a job wrong, and exactly what its author reads."""

from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import pytest
from pydantic import Field

from ingest.config.load import jobs, load
from ingest.core.errors import ConfigError
from ingest.core.model import Model
from ingest.core.secrets import SecretRef

BROKEN = Path(__file__).parent / "broken"


class Csv(Model):
    type: Literal["csv"]
    path: str | tuple[str, ...]
    delimiter: str = ","
    null_values: tuple[str, ...] = ()
    columns: dict[str, str] = Field(default={})


class Jsonl(Model):
    type: Literal["jsonl"]
    path: str


class Filter(Model):
    type: Literal["filter"]
    where: str


class Mask(Model):
    type: Literal["mask"]
    columns: tuple[str, ...]
    salt: SecretRef | None = None


class Parquet(Model):
    type: Literal["parquet"]
    path: str
    mode: Literal["append", "overwrite"] = "append"


class Execution(Model):
    seed: int = 0
    workers: int | None = Field(default=None, ge=1)
    wait_s: float = 1.0
    python: bool = True


class Local(Model):
    type: Literal["auto", "processes", "local", "inline"]


class Address(Model):
    type: Literal["address"]
    address: str


class Job(Model):
    hints: ClassVar = {
        "name": "a name has lower-case letters, digits and _, and begins with a letter"
    }

    name: str = Field(pattern=r"^[a-z][a-z0-9_]*$")
    owner: str
    description: str = ""
    source: Annotated[Csv | Jsonl, Field(discriminator="type")]
    transforms: tuple[Annotated[Filter | Mask, Field(discriminator="type")], ...] = ()
    sink: Annotated[Parquet, Field(discriminator="type")]
    execution: Execution = Execution()
    cluster: Annotated[Local | Address, Field(discriminator="type")]
    lib: dict[str, Any] = Field(default={})


CASES = [name for name in jobs(BROKEN) if name != "good"]

COMMAND_LINES = [
    ["god"],
    ["conf/job/good.yaml"],
    ["nothing,like,it"],
    ["good", "empty"],
    ["good", "nothing"],
    ["good,empty"],
    ["+job=god"],
    ["+job=good", "good"],
    ["+job=good", "nothing"],
    ["", "good", ""],
    ["+job=good", "=x"],
    ["+job=good", "a b=x"],
    ["+job=good", "source.path=s3://b/dt=2024-01-01/x", "transforms[0].where=a > 'b'"],
    ["+job=good", "source.columns.x=decimal(10,2)", "owner=Zoë"],
    ["+job=good", "sink.path=a,b", "execution.seed=range(1,3)"],
    ["+job=[good,empty]"],
    ["+job=null"],
    ["+job=good", "cluster=inlin", "source=landed", "contract=x"],
    ["+job=good", "cluster=null"],
    ["+job=good", "cluster=inline", "+cluster=local"],
    ["+job=good", "hydra.run.dir=x", "hydra/launcher=basic", "hydra.searchpath=[x]"],
    ["+job=good", "owner=5", "name=on", "sink.path=1.10", "description=null", "source.path=5"],
    ["+job=good", "owner=${oc.env:HOME}"],
    ["+job=good", "owner='${unclosed'"],
    ["+job=good", "source.columns={true: string}"],
    ["+job=good", "transforms={type: filter}"],
    ["+job=good", "transforms=[{type: filter, were: a}]", "source._target_=os.system"],
    ["+job=good", "transforms[5].where=a"],
    ["+job=good", "transforms.first.where=a"],
    ["+job=good", "+owner=you"],
    ["+job=good", "~nothing"],
    ["+job=good", "~owner"],
    ["+job=good", "execution.seed=abc", "execution.sed=1"],
    ["+job=good", "cluster=address"],
    ["+job=good", "source@somewhere=landing"],
]


@pytest.fixture(autouse=True)
def _here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(BROKEN.parents[2])


@pytest.mark.parametrize("name", CASES)
def test_a_broken_file_says_all_that_is_wrong_with_it(name, golden):
    with pytest.raises(ConfigError) as error:
        load(Job, BROKEN, [f"+job={name}"])
    golden(f"{name}.txt", f"{error.value}\n")


def test_a_broken_command_line_says_what_to_type_instead(golden):
    texts = []
    for overrides in COMMAND_LINES:
        with pytest.raises(ConfigError) as error:
            load(Job, BROKEN, overrides)
        texts.append(f"$ {' '.join(overrides)}\n{error.value}\n")
    golden("command_line.txt", "\n".join(texts))


def test_the_one_that_they_vary_is_valid():
    assert load(Job, BROKEN, ["+job=good"]).job.name == "good"


def test_a_command_line_without_a_job_lists_the_jobs():
    with pytest.raises(ConfigError, match=r"no job is named\. Known jobs: a_list, .* Name one: "):
        load(Job, BROKEN, [])


def test_every_golden_file_has_its_case(request):
    if request.config.getoption("--update-golden"):
        pytest.skip("they are being written")
    files = sorted(file.stem for file in (BROKEN.parent / "golden").iterdir())
    assert files == sorted([*CASES, "command_line"])
