"""Workers on Ray: one live Ray Data execution on a pool of actors."""
