"""What SQL sinks consist of: staging tables, the ledger of runs, and the transaction of a run."""
