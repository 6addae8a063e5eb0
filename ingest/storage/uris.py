"""Where a path leads, by its looks."""


def is_remote(path: str) -> bool:
    """Say whether a path is for fsspec to open."""
    return "://" in path and not path.startswith("file://")
