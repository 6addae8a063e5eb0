"""Publishing: commit by one record in the ledger, then make each effect visible, in their order."""
