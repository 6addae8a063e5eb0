"""Every event of OpenLineage that a run of a test comes to is held against the schemas."""
