"""A folder with jobs, where commands are typed; they run in this process."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl

from ingest.__main__ import main

JOB = """# @package _global_
# Orders.
name: orders
owner: shop@example.org
description: Orders, to be counted.
source: {type: csv, path: "in/*.csv", columns: {n: int64}}
contract: {columns: {n: int64}}
sink: {type: parquet, path: out, write_disposition: overwrite}
cluster: {type: inline}
"""
CONNECTION = """# The server of the tests.
type: s3
endpoint: URL
region: us-east-1
access_key_id: {env: LAKE_KEY}
secret_access_key: {env: LAKE_SECRET}
"""


@dataclass
class Desk:
    place: Path
    capsys: Any

    def __post_init__(self):
        self.write("conf/job/orders.yaml", JOB)
        for number in range(4):
            self.write(
                f"in/{number}.csv", "n\n" + "".join(f"{number * 100 + n}\n" for n in range(50))
            )

    def write(self, name: str, text: str) -> None:
        (self.place / name).parent.mkdir(parents=True, exist_ok=True)
        (self.place / name).write_text(text)

    def connect(self, url: str, name: str = "lake") -> None:
        self.write(f"conf/connection/{name}.yaml", CONNECTION.replace("URL", url))

    def type(self, *words: str, code: int = 0) -> str:
        """Type a command that ends with this code; return what it prints, errors last."""
        found = main(list(words))
        printed = self.capsys.readouterr()
        assert found == code, printed.err
        return printed.out + printed.err

    def runs(self, *words: str) -> list[dict[str, Any]]:
        return json.loads(self.type("status", "--json", *words))

    def rows(self) -> list[int]:
        return sorted(pl.read_parquet(self.place / "out").get_column("n").to_list())


WANTED = sorted(number * 100 + n for number in range(4) for n in range(50))
