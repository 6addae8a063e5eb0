"""The facets of OpenLineage's events, as plain data: each names the schema that it keeps.

Events are made without OpenLineage's library, whose import takes as long as a small run. The tests
validate every event against the schemas that are published.
"""

from typing import Any

Facet = dict[str, Any]

PRODUCER = "https://pypi.org/project/ingest"
EVENT = "https://openlineage.io/spec/2-0-2/OpenLineage.json#/$defs/RunEvent"
_SCHEMAS = {
    "columnLineage": ("1-2-0", "ColumnLineageDatasetFacet"),
    "dataQualityAssertions": ("1-1-0", "DataQualityAssertionsDatasetFacet"),
    "dataQualityMetrics": ("1-0-3", "DataQualityMetricsInputDatasetFacet"),
    "documentation": ("1-1-0", "DocumentationJobFacet"),
    "errorMessage": ("1-0-1", "ErrorMessageRunFacet"),
    "inputStatistics": ("1-0-0", "InputStatisticsInputDatasetFacet"),
    "jobType": ("2-0-4", "JobTypeJobFacet"),
    "lifecycleStateChange": ("1-0-1", "LifecycleStateChangeDatasetFacet"),
    "outputStatistics": ("1-0-2", "OutputStatisticsOutputDatasetFacet"),
    "ownership": ("1-0-1", "OwnershipJobFacet"),
    "parent": ("1-2-0", "ParentRunFacet"),
    "processing_engine": ("1-1-1", "ProcessingEngineRunFacet"),
    "schema": ("1-2-0", "SchemaDatasetFacet"),
    "sourceCodeLocation": ("1-1-0", "SourceCodeLocationJobFacet"),
    "tags": ("1-0-0", "TagsJobFacet"),
    "version": ("1-0-1", "DatasetVersionDatasetFacet"),
}
"""The version and the name of the schema of each facet, by the key that it has in an event."""


def facets(**fields: Facet | None) -> dict[str, Facet]:
    """Return the facets that there is something to say in, by their keys.

    What is None in them is left out: the schemas know no null.
    """
    return {key: _facet(key, told) for key, told in fields.items() if told}


def known(fields: Facet) -> Facet:
    """Return the fields that are not None."""
    return {name: value for name, value in fields.items() if value is not None}


def _facet(key: str, fields: Facet) -> Facet:
    version, name = _SCHEMAS[key]
    schema = f"https://openlineage.io/spec/facets/{version}/{name}.json#/$defs/{name}"
    return {"_producer": PRODUCER, "_schemaURL": schema, **known(fields)}
