"""The life of a run: planning, the loop, audit, publish, receipt. Knows neither Ray nor a format."""
