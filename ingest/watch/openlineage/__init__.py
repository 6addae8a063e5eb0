"""OpenLineage: what a run reads, makes and comes to, told to catalogues as its ledger tells it."""
