"""The data sets of a run: what it reads and what it makes, with schema, lineage and figures."""

from collections.abc import Iterable, Iterator
from typing import Any

from openlineage.client.event_v2 import InputDataset, OutputDataset
from openlineage.client.facet_v2 import (
    column_lineage_dataset,
    data_quality_metrics_input_dataset,
    dataset_version_dataset,
    input_statistics_input_dataset,
    lifecycle_state_change_dataset,
    output_statistics_output_dataset,
    schema_dataset,
)

from ingest.core.lineage import ALL
from ingest.watch.openlineage.account import Account
from ingest.watch.openlineage.assertions import assertions
from ingest.watch.openlineage.naming import named

_SUBTYPES = {"identity": "IDENTITY", "derived": "TRANSFORMATION", "masked": "TRANSFORMATION"}


def inputs(account: Account) -> list[InputDataset]:
    """Return the source, with what was read and how good it was, and the tables of lookups."""
    plan, totals = account.plan, account.history.totals
    facets: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    if plan:
        facets["schema"] = _schema(plan["input_schema"], {})
        rows = totals.records if totals.partitions else None
        figures["inputStatistics"] = (
            input_statistics_input_dataset.InputStatisticsInputDatasetFacet(
                rowCount=rows, size=plan["bytes"], fileCount=plan["files"]
            )
        )
    if totals.partitions:
        figures["dataQualityMetrics"] = (
            data_quality_metrics_input_dataset.DataQualityMetricsInputDatasetFacet(
                columnMetrics={}, rowCount=totals.records, bytes=totals.bytes_read,
                fileCount=plan.get("files"),
            )
        )  # fmt: skip
        if judged := assertions(account):
            figures["dataQualityAssertions"] = judged
    roots = account.places.get("source") or []
    made = [InputDataset(*named(roots[0]), facets=facets, inputFacets=figures)] if roots else []
    made += [InputDataset(*named(root), facets=dict(facets)) for root in roots[1:]]
    return made + [InputDataset(*named(place)) for place in _tables(plan)]


def outputs(account: Account) -> list[OutputDataset]:
    """Return what the run makes: the output, and the quarantine if there is one."""
    places = {name: uri for name, uri in account.places.items() if name != "source"}
    return [_output(account, name, str(uri)) for name, uri in places.items()]


def _output(account: Account, output: str, uri: str) -> OutputDataset:
    plan, history = account.plan, account.history
    facets: dict[str, Any] = {}
    figures: dict[str, Any] = {}
    if plan and output == "main":
        facets["schema"] = _schema(plan["output_schema"], _columns(account.job))
        if lineage := plan.get("lineage"):
            facets["columnLineage"] = _lineage(lineage, account)
    if published := history.published.get(output):
        figures["outputStatistics"] = (
            output_statistics_output_dataset.OutputStatisticsOutputDatasetFacet(
                rowCount=published.rows,
                size=history.written(output),
                fileCount=published.facts.get("files"),
            )
        )
        version = str(published.facts.get("version", account.run_id))
        facets["version"] = dataset_version_dataset.DatasetVersionDatasetFacet(version)
        if account.job["sink"].get("write_disposition") == "overwrite":
            change = lifecycle_state_change_dataset.LifecycleStateChange.OVERWRITE
            facets["lifecycleStateChange"] = (
                lifecycle_state_change_dataset.LifecycleStateChangeDatasetFacet(change)
            )
    return OutputDataset(*named(uri), facets=facets, outputFacets=figures)


def _schema(
    types: dict[str, str], described: dict[str, dict[str, Any]]
) -> schema_dataset.SchemaDatasetFacet:
    fields = [
        schema_dataset.SchemaDatasetFacetFields(
            name, kind, described.get(name, {}).get("description") or None, place
        )
        for place, (name, kind) in enumerate(types.items(), 1)
    ]
    return schema_dataset.SchemaDatasetFacet(fields)


def _columns(job: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return what the contract says of columns; one of which only the type is written has none."""
    told = (job.get("contract") or {}).get("columns") or {}
    return {name: each if isinstance(each, dict) else {} for name, each in told.items()}


def _lineage(
    lineage: dict[str, Any], account: Account
) -> column_lineage_dataset.ColumnLineageDatasetFacet:
    fields = {
        name: column_lineage_dataset.Fields(list(_origins(origins, account, "DIRECT")))
        for name, origins in lineage["columns"].items()
    }
    decides = list(_origins(lineage["filtered_by"], account, "INDIRECT"))
    return column_lineage_dataset.ColumnLineageDatasetFacet(fields=fields, dataset=decides)


def _origins(
    origins: Iterable[dict[str, str]], account: Account, kind: str
) -> Iterator[column_lineage_dataset.InputField]:
    roots = account.places.get("source") or [""]
    for origin in origins:
        namespace, name = named(origin.get("place") or roots[0])
        how = column_lineage_dataset.Transformation(
            kind,
            _SUBTYPES[origin["kind"]] if kind == "DIRECT" else "FILTER",
            masking=origin["kind"] == "masked",
        )
        whole = origin["column"] == ALL
        columns = list(account.plan["input_schema"]) if whole else [origin["column"]]
        for column in columns:
            yield column_lineage_dataset.InputField(namespace, name, column, [how])


def _tables(plan: dict[str, Any]) -> list[str]:
    columns = (plan.get("lineage") or {}).get("columns", {})
    places = {origin.get("place", "") for origins in columns.values() for origin in origins}
    return sorted(places - {""})
