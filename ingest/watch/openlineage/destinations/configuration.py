"""Who is to be sent OpenLineage's events, by the rules of its own clients.

https://openlineage.io/docs/client/python/configuration
"""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from ingest.config.parsing import data
from ingest.core.errors import ConfigError

Settings = dict[str, Any]
_DYNAMIC = "OPENLINEAGE__"
_URL, _FILE = "OPENLINEAGE_URL", "OPENLINEAGE_CONFIG"


def is_configured(environment: Mapping[str, str] = os.environ, folder: Path | None = None) -> bool:
    """Say whether there is somebody to send events to.

    A variable `OPENLINEAGE_URL`, `OPENLINEAGE_CONFIG` or `OPENLINEAGE__TRANSPORT...`, or a file
    `openlineage.yml` here.
    """
    if environment.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    return (
        any(environment.get(name) for name in (_URL, _FILE))
        or any(name.startswith(f"{_DYNAMIC}TRANSPORT") for name in environment)
        or ((folder or Path()) / "openlineage.yml").is_file()
    )


def settings(environment: Mapping[str, str] = os.environ, folder: Path | None = None) -> Settings:
    """Return what the file says, then what the variables say; `transport` has the address.

    Raises:
        ConfigError: the file cannot be read.
    """
    named = environment.get(_FILE)
    file = Path(named) if named else (folder or Path()) / "openlineage.yml"
    made = _merged(_variables(environment), _read(file) if file.is_file() else {})
    if url := environment.get(_URL):
        made["transport"] = _with(made.get("transport") or {}, _http(url, environment))
    return made


def _with(transport: Settings, http: Settings) -> Settings:
    """Return a transport and what `OPENLINEAGE_URL` adds to it."""
    kind = transport.get("type")
    if kind in {None, "http", "async_http"}:
        return {**http, **transport}
    if kind == "composite" and not isinstance(transport.get("transports"), list):
        return {
            **transport,
            "transports": {"default_http": http, **transport.get("transports", {})},
        }
    return transport


def _http(url: str, environment: Mapping[str, str]) -> Settings:
    endpoint, key = (environment.get(f"OPENLINEAGE_{name}") for name in ("ENDPOINT", "API_KEY"))
    auth = {"auth": {"type": "api_key", "apiKey": key}} if key else {}
    return {"type": "http", "url": url, **({"endpoint": endpoint} if endpoint else {}), **auth}


def _read(file: Path) -> Settings:
    try:
        read = data(file.read_text(encoding="utf-8"), yaml.SafeLoader)
    except (OSError, UnicodeDecodeError, yaml.YAMLError, RecursionError) as error:
        raise ConfigError(f"{file}: {error}") from None
    if not isinstance(read, dict):
        raise ConfigError(f'{file}: must be a mapping with the key "transport"')
    return read


def _variables(environment: Mapping[str, str]) -> Settings:
    """Return `OPENLINEAGE__A__B=value` as `{a: {b: value}}`; values are JSON if they can be."""
    made: Settings = {}
    for name in sorted(environment, reverse=True):
        if not name.startswith(_DYNAMIC):
            continue
        *above, last = name.removeprefix(_DYNAMIC).lower().split("__")
        inner = made
        for key in above:
            inner = inner.setdefault(key, {})
        try:
            inner[last] = json.loads(environment[name])
        except ValueError:
            inner[last] = environment[name]
    return made


def _merged(below: Settings, above: Settings) -> Settings:
    made = dict(below)
    for key, value in above.items():
        inner = made.get(key)
        both = isinstance(value, dict) and isinstance(inner, dict)
        made[key] = _merged(inner, value) if both and inner is not None else value
    return made
