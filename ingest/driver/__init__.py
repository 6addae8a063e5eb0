"""The life of a run: planning, loop, audit, publish, receipt. Knows neither Ray nor a format."""
