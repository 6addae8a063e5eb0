"""PostgreSQL: sessions, names, types, and errors as sentences; for sinks, sources and commands."""
