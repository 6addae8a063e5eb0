"""The live page, `ingest ui`: every run of a state in a browser, live and afterwards."""
