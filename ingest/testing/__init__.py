"""Public parts for tests of types and jobs; ingest's own types are tested by the same ones.

Laws that every type of its kind keeps: `checks`, `formats`, `sinks`, `sources`,
`stores`, `transforms`.
Faults on purpose: `faults` (a store that dies at a write), `proxy`, `wire`
(servers that fail).
Time and samples: `clock` (set by hand), `golden` and `samples` (what a job makes of its sample).
What only tests of ingest itself need is in `tests/`: `chaos`, `injectors`, `pools`.
"""
