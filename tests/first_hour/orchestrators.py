"""The blocks of docs/guides/orchestrators.md, and real orchestrators to run them with, by hand.

    uv venv /tmp/x && uv pip install -p /tmp/x -c constraints.txt apache-airflow .
    /tmp/x/bin/python -m tests.first_hour.orchestrators airflow    # or dagster, prefect

A job fails in its first try, is retried by the orchestrator, and has then been resumed, as its
receipt says; one that breaks its contract is tried once. Prefect 3.8.8 ran with
`fastapi<0.116` beside it: its own server did not start with 0.165.
"""

import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "guides" / "orchestrators.md"
FUNCTION = """from pathlib import Path


def stumble(rows):
    sign, tries = Path("stumble"), Path("tries")
    tries.write_text(tries.read_text() + "x" if tries.exists() else "x")
    if sign.exists():
        sign.unlink()
        raise RuntimeError("a machine stumbled")
    return rows
"""


def describe(place: Path) -> None:
    """Write a job that fails once if there is a file `stumble`, and its input."""
    (place / "conf/job").mkdir(parents=True)
    (place / "jobs/orders").mkdir(parents=True)
    (place / "jobs/orders/functions.py").write_text(FUNCTION)
    (place / "in.csv").write_text("n\n1\n2\nx\n3\n")
    conf(place)


def conf(place: Path, ratio: float = 0.5, key: str = "path") -> None:
    """Write the job's file."""
    (place / "conf/job/orders.yaml").write_text(f"""# @package _global_
name: orders
owner: me@example.org
description: For a test.
source: {{type: csv, {key}: "{place}/in.csv"}}
transforms: [{{type: python, function: "functions:stumble"}}]
contract: {{columns: {{n: int64}}, on_error: quarantine, max_error_ratio: {ratio}}}
sink: {{type: parquet, path: "{place}/out", write_disposition: overwrite}}
execution: {{retry: {{bug: {{max_tries: 1}}}}}}
cluster: {{type: inline}}
""")


def block(section: str, kind: str, place: Path, number: int = 0) -> str:
    """Return a block of code of a section, with the places in it moved and no time to wait."""
    page = PAGE.read_text(encoding="utf-8")
    text = next(
        part for part in re.split(r"^#+ ", page, flags=re.MULTILINE) if part.startswith(section)
    )
    found = re.findall(rf"^```{kind}\n(.*?)^```", text, re.MULTILINE | re.DOTALL)[number]
    for wait in ("minutes=5", "delay=300", "retry_delay_seconds=300"):
        found = found.replace(wait, re.sub(r"\d+", "0", wait))
    return found.replace("/srv/shop", str(place))


def python(section: str, place: Path, number: int = 0) -> dict:
    """Run a block of Python and return what it defines."""
    names: dict = {"__name__": "page"}
    exec(compile(block(section, "python", place, number), str(PAGE), "exec"), names)
    return names


def airflow(place: Path) -> bool:
    """Run the DAG by Airflow's own command, on a database of its own; say whether it ended well."""
    os.environ |= {"AIRFLOW_HOME": str(place / "airflow"), "AIRFLOW__CORE__LOAD_EXAMPLES": "False"}
    (place / "airflow/dags").mkdir(parents=True, exist_ok=True)
    (place / "airflow/dags/page.py").write_text(block("Airflow", "python", place))
    program = str(Path(sys.executable).with_name("airflow"))
    for words in (["db", "migrate"], ["dags", "reserialize"]):
        subprocess.run([program, *words], check=True, capture_output=True)
    done = subprocess.run([program, "dags", "test", "orders"], check=False)
    return done.returncode == 0


def dagster(place: Path) -> bool:
    """Materialize the asset in this process."""
    import dagster as dg  # type: ignore[import-not-found]

    asset = python("Dagster", place)["orders"]
    return bool(dg.materialize([asset], raise_on_error=False).success)


def prefect(place: Path) -> bool:
    """Run the flow in this process."""
    flow = python("Prefect", place)["orders"]
    return bool(flow(return_state=True).is_completed())


def main(name: str) -> None:
    """Run a job that fails once, and one that is hopeless."""
    run = {"airflow": airflow, "dagster": dagster, "prefect": prefect}[name]
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        describe(place)
        os.chdir(place)
        (place / "stumble").touch()
        assert run(place), "it was not retried"
        (receipt,) = (place / ".ingest/runs").glob("*/receipt.json")
        assert json.loads(receipt.read_text())["attempts"] == 2, "it was not resumed"
        (place / "tries").unlink()
        conf(place, ratio=0.1)
        assert not run(place), "a broken contract was published"
        assert (place / "tries").read_text() == "x", "a broken contract was retried"
    print(f"{name}: retried and resumed; not retried where that is hopeless")


if __name__ == "__main__":
    main(sys.argv[1])
