"""What `import ingest` offers: functions with typed results. The commands are made of the same."""
