"""What OpenLineage calls a data set: namespace and name, by the naming rules of its specification.

https://openlineage.io/docs/spec/naming
"""

from urllib.parse import urlsplit


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
