"""What OpenLineage calls things: a data set by the naming rules of its specification, and Git's.

https://openlineage.io/docs/spec/naming
"""

from urllib.parse import quote, urlsplit

_OF_A_URI = ":/?#[]@!$&'()*+,;=%"


def named(place: str) -> tuple[str, str]:
    """Return the namespace and the name of a folder, a bucket's prefix or a table.

    `/data/flights` is `file` and `/data/flights`, `s3://bucket/flights` is `s3://bucket` and
    `flights`, `postgresql://host:5432/db/public.t` is `postgres://host:5432` and `db.public.t`.
    """
    if "://" not in place:
        return "file", place
    parts = urlsplit(place)
    name = parts.path.strip("/")
    if parts.scheme in {"postgresql", "postgres"}:
        server = f"{parts.hostname or 'localhost'}:{parts.port or 5432}"
        return f"postgres://{server}", name.replace("/", ".")
    scheme = "s3" if parts.scheme == "s3a" else parts.scheme
    return f"{scheme}://{parts.netloc}", name or "/"


def repository(remote: str) -> str | None:
    """Return the address of a remote of Git as a URI; None of a path that depends on a folder.

    `git@host:team/jobs.git` is `ssh://git@host/team/jobs.git`, `/srv/jobs.git` a `file://` address.
    """
    host, colon, path = remote.partition(":")
    if "://" not in remote:
        if remote.startswith("/"):
            remote = f"file://{remote}"
        elif colon and "/" not in host:
            remote = f"ssh://{host}/{path.lstrip('/')}"
        else:
            return None
    return quote(remote, safe=_OF_A_URI)
