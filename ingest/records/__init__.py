"""The state on disk: runs, plans, ledgers, leases and receipts, as plain write-once files."""
