"""Public parts for tests: conformance suites for types, fault injectors, a settable clock.

Authors of sources, steps, checks and sinks inherit the suites; ingest's own types are tested by
the same ones.
"""
