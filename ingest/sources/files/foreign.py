"""Files that are no text, known by how they begin: what each is, and what to do with it.

A text source would read them as rows of garbage, or reject each of their lines for another reason.
"""

from ingest.core.dataclass import dataclass

HEAD_BYTES = 4096
"""How much of a file tells."""
_NO_TEXT = frozenset(range(0x20)) - frozenset(b"\t\n\v\f\r\x1b\x01\x1f")
"""Control characters that no text holds; of the others two part fields in some."""
_BLANKS = b"\xef\xbb\xbf \t\r\n"


@dataclass(frozen=True, slots=True)
class Foreign:
    """A kind of file: what it is called, and what to do with one of them."""

    name: str
    remedy: str = "This format is not supported yet. Write the data as Parquet, CSV or JSON Lines"


_EXCEL = Foreign(
    "an Excel workbook",
    "Excel is not supported yet. Save each sheet as CSV (UTF-8) and name that file",
)
_ODS = Foreign(
    "an OpenDocument spreadsheet",
    "Spreadsheets are not supported yet. Save each sheet as CSV (UTF-8) and name that file",
)
_XML = Foreign(
    "XML", "XML is not supported yet. Convert it to CSV or JSON Lines and name that file"
)
_HTML = Foreign(
    "an HTML page",
    "It may explain why there is no data: open it in a browser, then download the data again",
)
_IMAGE = Foreign("an image", "Images are not supported. Name files of records")


def _packed(name: str, command: str) -> Foreign:
    return Foreign(name, f"Archives are not unpacked. Unpack it: {command}")


_ZIP = _packed("a zip archive", "unzip FILE")
_MAGIC: dict[bytes, Foreign] = {
    b"PK\x03\x04": _ZIP,
    b"PK\x05\x06": _ZIP,
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": _EXCEL,
    b"%PDF-": Foreign("a PDF document", "PDF is not supported. Export its tables as CSV"),
    b"SQLite format 3\0": Foreign(
        "an SQLite database",
        (
            "Databases are not supported yet. Export a table: sqlite3 -csv -header FILE 'SELECT * "
            "FROM t'"
        ),
    ),
    b"Obj\x01": Foreign("an Avro file"),
    b"ARROW1\0\0": Foreign("an Arrow or Feather file"),
    b"\x89HDF\r\n\x1a\n": Foreign("an HDF5 file"),
    b"CDF\x01": Foreign("a NetCDF file"),
    b"CDF\x02": Foreign("a NetCDF file"),
    b"\x89PNG\r\n\x1a\n": _IMAGE,
    b"\xff\xd8\xff": _IMAGE,
    b"II*\0": _IMAGE,
    b"MM\0*": _IMAGE,
    b"7z\xbc\xaf\x27\x1c": _packed("a 7-Zip archive", "7z x FILE"),
    b"Rar!\x1a\x07": _packed("a RAR archive", "unrar x FILE"),
    b"\xfd7zXZ\0": _packed("an xz archive", "xz -d FILE"),
    b"\x7fELF": Foreign("a program", "Name a file of records"),
}
_BESIDE_CONTROLS: dict[bytes, Foreign] = {
    b"PAR1": Foreign(
        "a Parquet file", "Write type: parquet, and rename the file to end in .parquet"
    ),
    b"ORC": Foreign("an ORC file"),
    b"BM": _IMAGE,
    b"GIF8": _IMAGE,
    b"FEA1": Foreign("a Feather file"),
    b"BZh": _packed("a bzip2 archive", "bzip2 -d FILE"),
    b"\xff\xff\xff\xff": Foreign("a stream in Arrow's format"),
}
"""Beginnings that a text might have too: they count if control characters are near."""
_NEAR_BYTES = 64
_PLACED: dict[int, tuple[bytes, Foreign]] = {
    257: (b"ustar", _packed("a tar archive", "tar xf FILE")),
    8: (
        b"DUCK",
        Foreign("a DuckDB database", "Databases are not supported yet. Export a table as CSV"),
    ),
}
"""Signs that stand further on, with a NUL somewhere before them."""
_PROLOGS: dict[bytes, Foreign] = {
    b"<?xml": _XML,
    b"<svg": _XML,
    b"<!doctype html": _HTML,
    b"<html": _HTML,
}


def foreign(head: bytes, uri: str = "") -> Foreign | None:
    """Return what a file is, by its first bytes, if it is none of text."""
    for magic, kind in _MAGIC.items():
        if head.startswith(magic):
            return _zipped(head, uri) if kind is _ZIP else kind
    for place, (magic, kind) in _PLACED.items():
        if head.startswith(magic, place) and 0 in head[: max(place, 16)]:
            return kind
    if has_controls(head[:_NEAR_BYTES]):
        for magic, kind in _BESIDE_CONTROLS.items():
            if head.startswith(magic):
                return kind
    start = head.lstrip(_BLANKS)[:16].lower()
    return next((kind for magic, kind in _PROLOGS.items() if start.startswith(magic)), None)


def has_controls(head: bytes) -> bool:
    """Say whether there are characters that no text has."""
    return not _NO_TEXT.isdisjoint(head)


def refusal(uri: str, kind: Foreign) -> str:
    """Return what to say of such a file."""
    return f"{uri}: {kind.name}, not text. {kind.remedy}".replace("FILE", f"'{uri}'")


def _zipped(head: bytes, uri: str) -> Foreign:
    """Say what a zip archive is: the formats of office programs are such."""
    if b"mimetypeapplication/vnd.oasis.opendocument" in head[:128]:
        return _ODS
    names = (b"xl/", b"[Content_Types].xml")
    excel = any(name in head for name in names) or uri.lower().endswith((".xlsx", ".xlsm"))
    return _EXCEL if excel else _ZIP
