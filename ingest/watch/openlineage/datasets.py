"""The data sets of a run: what it reads and what it makes, with schema, lineage and figures."""

from collections.abc import Iterable, Iterator
from typing import Any

from ingest.core.lineage import ALL
from ingest.watch.openlineage.account import Account
from ingest.watch.openlineage.assertions import assertions
from ingest.watch.openlineage.facets import Facet, facets, known
from ingest.watch.openlineage.naming import named

Dataset = dict[str, Any]

_SUBTYPES = {"identity": "IDENTITY", "derived": "TRANSFORMATION", "masked": "TRANSFORMATION"}


def inputs(account: Account) -> list[Dataset]:
    """Return the source, with what was read and how good it was, and the tables of lookups."""
    plan = account.plan
    about = facets(schema=_schema(plan["input_schema"], {})) if plan else {}
    figures = _figures(account) if plan else {}
    roots = account.places.get("source") or []
    made = [{**_named(root), "facets": about, "inputFacets": {}} for root in roots]
    made[:1] = [{**source, "inputFacets": figures} for source in made[:1]]
    tables = [{**_named(place), "facets": {}, "inputFacets": {}} for place in _tables(plan)]
    return made + tables


def outputs(account: Account) -> list[Dataset]:
    """Return what the run makes: the output, and the quarantine if there is one."""
    places = {name: uri for name, uri in account.places.items() if name != "source"}
    return [_output(account, name, str(uri)) for name, uri in places.items()]


def _figures(account: Account) -> dict[str, Facet]:
    plan, totals = account.plan, account.history.totals
    files = plan.get("files")
    if not totals.partitions:
        return facets(inputStatistics={"size": plan["bytes"], "fileCount": files})
    read = {"rowCount": totals.records, "fileCount": files}
    return facets(
        inputStatistics={**read, "size": plan["bytes"]},
        dataQualityMetrics={**read, "bytes": totals.bytes_read, "columnMetrics": {}},
        dataQualityAssertions=assertions(account),
    )


def _output(account: Account, output: str, uri: str) -> Dataset:
    plan, history = account.plan, account.history
    about: dict[str, Facet] = {}
    figures: dict[str, Facet] = {}
    if plan and output == "main":
        lineage = plan.get("lineage")
        about = facets(
            schema=_schema(plan["output_schema"], _columns(account.job)),
            columnLineage=_lineage(lineage, account) if lineage else None,
        )
    if published := history.published.get(output):
        rows = {"rowCount": published.rows, "size": history.written(output)}
        figures = facets(outputStatistics={**rows, "fileCount": published.facts.get("files")})
        overwrites = (account.job.get("sink") or {}).get("write_disposition") == "overwrite"
        about |= facets(
            version={"datasetVersion": str(published.facts.get("version", account.run_id))},
            lifecycleStateChange={"lifecycleStateChange": "OVERWRITE"} if overwrites else None,
        )
    return {**_named(uri), "facets": about, "outputFacets": figures}


def _named(place: str) -> Dataset:
    namespace, name = named(place)
    return {"namespace": namespace, "name": name}


def _schema(types: dict[str, str], described: dict[str, dict[str, Any]]) -> Facet:
    fields = [
        known(
            {
                "name": name,
                "type": kind,
                "description": described.get(name, {}).get("description") or None,
                "ordinal_position": place,
            }
        )
        for place, (name, kind) in enumerate(types.items(), 1)
    ]
    return {"fields": fields}


def _columns(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the contract says of columns; one of which only the type is written has none."""
    told = (job.get("contract") or {}).get("columns") or {}
    return {name: each if isinstance(each, dict) else {} for name, each in told.items()}


def _lineage(lineage: dict[str, Any], account: Account) -> Facet:
    fields = {
        name: {"inputFields": list(_origins(origins, account, "DIRECT"))}
        for name, origins in lineage["columns"].items()
    }
    decides = list(_origins(lineage["filtered_by"], account, "INDIRECT"))
    return {"fields": fields, "dataset": decides}


def _origins(origins: Iterable[dict[str, str]], account: Account, kind: str) -> Iterator[Facet]:
    roots = account.places.get("source") or [""]
    for origin in origins:
        place = _named(origin.get("place") or roots[0])
        how = {
            "type": kind,
            "subtype": _SUBTYPES[origin["kind"]] if kind == "DIRECT" else "FILTER",
            "masking": origin["kind"] == "masked",
        }
        whole = origin["column"] == ALL
        columns = list(account.plan["input_schema"]) if whole else [origin["column"]]
        for column in columns:
            yield {**place, "field": column, "transformations": [how]}


def _tables(plan: dict[str, Any]) -> list[str]:
    columns = (plan.get("lineage") or {}).get("columns", {})
    places = {origin.get("place", "") for origins in columns.values() for origin in origins}
    return sorted(places - {""})
