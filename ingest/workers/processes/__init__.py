"""Worker processes of this machine, without Ray."""
