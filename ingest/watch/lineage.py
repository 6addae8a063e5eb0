"""Whether somebody wants to be told what runs read and make, and telling them while a run goes on.

Imports OpenLineage's library, which takes half a second, only if so.
"""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from ingest.records.history import Listener
from ingest.storage.objects import Store

if TYPE_CHECKING:
    from openlineage.client import OpenLineageClient

log = logging.getLogger(__name__)
INSTALL = "Install it: pip install 'ingest[openlineage]'"


def is_configured(environment: Mapping[str, str] = os.environ, folder: Path | None = None) -> bool:
    """Say whether there is somebody to send events to, by the rules of OpenLineage's own clients.

    A variable `OPENLINEAGE_URL`, `OPENLINEAGE_CONFIG` or `OPENLINEAGE__TRANSPORT...`, or a file
    `openlineage.yml` here.
    """
    if environment.get("OPENLINEAGE_DISABLED", "").strip().lower() == "true":
        return False
    return (
        any(environment.get(name) for name in ("OPENLINEAGE_URL", "OPENLINEAGE_CONFIG"))
        or any(name.startswith("OPENLINEAGE__TRANSPORT") for name in environment)
        or ((folder or Path()) / "openlineage.yml").is_file()
    )


def open_client() -> "OpenLineageClient":
    """Open OpenLineage's client as the environment configures it.

    The client writes what it derives from `OPENLINEAGE_URL`, the API key too, into this process's
    environment, where worker processes and later clients would find it: that is taken back.

    Raises:
        ImportError: the library is not installed.
    """
    from openlineage.client import OpenLineageClient  # noqa: PLC0415 - may not be installed

    before = set(os.environ)
    try:
        return OpenLineageClient()
    finally:
        for name in os.environ.keys() - before:
            if name.startswith(OpenLineageClient.DYNAMIC_ENV_VARS_PREFIX):
                del os.environ[name]


@contextmanager
def listening(open_store: Callable[[], Store]) -> Iterator[tuple[Listener, ...]]:
    """Give what is to listen to a run, nothing if nobody wants to know of it.

    `open_store` opens the run's state. A missing library and a wrong configuration are a warning.
    """
    if not is_configured():
        yield ()
        return
    try:
        from ingest.watch.openlineage.sending import Sender  # noqa: PLC0415 - see above

        sender = Sender(open_store, open_client())
    except ImportError:
        log.warning("openlineage: nothing is sent: the library is not installed. %s", INSTALL)
        yield ()
        return
    except Exception as error:  # noqa: BLE001 - whatever the configuration makes of it
        log.warning("openlineage: nothing is sent: %s: %s", type(error).__name__, error)
        yield ()
        return
    with sender:
        yield (sender,)
