import subprocess
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest
import yaml
from hypothesis import example, given
from hypothesis import strategies as st
from pydantic import Field

from ingest.config.composed import Composed
from ingest.config.folders import shipped
from ingest.config.load import Loaded, jobs, load, restore
from ingest.config.provenance import Provenance
from ingest.core.errors import ConfigError
from ingest.core.model import Model
from ingest.core.secrets import SecretRef


class Csv(Model):
    type: Literal["csv"]
    path: str
    salt: SecretRef | None = None
    columns: dict[str, str] = Field(default={})


class Jsonl(Model):
    type: Literal["jsonl"]


class Filter(Model):
    type: Literal["filter"]
    where: str


class Job(Model):
    name: str
    source: Annotated[Csv | Jsonl, Field(discriminator="type")]
    transforms: tuple[Filter, ...] = ()
    execution: dict[str, int] = Field(default={})
    cluster: dict[str, Any] = Field(default={})


def test_a_job_is_loaded_with_its_places(conf, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    loaded = load(Job, conf({}), ["+job=orders", "execution.seed=3"])
    assert loaded.job.transforms == (Filter(type="filter", where="a > 1"),)
    assert loaded.job.execution == {"seed": 3}
    assert loaded.composed.overrides == ("+job=orders", "execution.seed=3")
    assert loaded.place(("transforms", 0, "where")) == "conf/job/orders.yaml:6: transforms[0].where"
    assert loaded.place(("execution", "seed")) == "command line: execution.seed"


def test_mistakes_that_pydantic_cannot_see_are_raised_too(conf):
    folder = conf(
        {"job/octal": "# @package _global_\nname: n\nsource: {type: jsonl}\nexecution: {n: 0777}\n"}
    )
    with pytest.raises(
        ConfigError,
        match=r"octal\.yaml:4: execution\.n: YAML reads 0777 as a number in base 8: 511",
    ):
        load(Job, folder, ["+job=octal"])


def test_secrets_stay_references(conf, monkeypatch):
    monkeypatch.setenv("SALT", "hunter2")
    loaded = load(Job, conf({}), ["+job=orders", "source.salt={env: SALT}"])
    assert loaded.job.source.salt.resolve() == "hunter2"
    assert "hunter2" not in loaded.yaml() + repr(loaded)
    assert "env: SALT" in loaded.yaml()


def test_a_stored_job_is_restored_without_its_files(conf):
    loaded = load(Job, conf({}), ["+job=orders"])
    assert restore(Job, loaded.yaml()) == loaded.job


_PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=10,
)


class Anything(Model):
    value: Any


@given(_PLAIN)
@example({"\x85": "\u2028 x"})
def test_whatever_a_job_holds_comes_back_from_its_text(value):
    composed = Composed({"value": value}, Provenance(), (), (), frozenset())
    loaded = Loaded(Anything(value=value), composed)
    assert restore(Anything, loaded.yaml()).value == value


def test_texts_stay_readable(conf):
    assert "name: Zoë" in load(Job, conf({}), ["+job=orders", "name='Zoë'"]).yaml()


def test_neither_help_nor_workers_import_hydra():
    code = (
        "import sys, ingest.config.load;"
        "print([name for name in sys.modules if name.split('.')[0] in ('hydra', 'omegaconf')])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"


def test_every_shipped_file_says_where_its_own_keys_go():
    for file in shipped().rglob("*.yaml"):
        defaults = (yaml.safe_load(file.read_text()) or {}).get("defaults", ["_self_"])
        assert defaults[-1] == "_self_", f"{file}: without _self_ the order is Hydra's to choose"


@pytest.mark.parametrize("name", jobs(shipped()))
def test_every_shipped_job_begins_with_the_header_and_a_sentence(name):
    first, second, *_ = Path(shipped() / f"job/{name}.yaml").read_text().splitlines()
    assert first == "# @package _global_"
    assert second.startswith("# ")
    assert second.endswith(".")
