"""References to secrets: what a job file holds instead of the secret itself."""

import os
from pathlib import Path
from typing import Self

from pydantic import model_validator

from ingest.core.errors import ConfigError
from ingest.core.model import Model


class SecretRef(Model):
    """A reference to a secret: `{env: NAME}` or `{file: PATH}`.

    Only the reference is stored, logged and shown. The secret is read where it is used, and not
    kept.
    """

    env: str | None = None
    """The environment variable that contains the secret, on the driver and on every worker."""
    file: str | None = None
    """The file that contains the secret. One line end at its end is ignored."""

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.env is None) == (self.file is None):
            raise ValueError("a secret must be either {env: NAME} or {file: PATH}")
        return self

    def resolve(self) -> str:
        """Return the secret.

        Raises:
            ConfigError: it is not set, cannot be read, or is empty.
        """
        if self.env is not None:
            value = os.environ.get(self.env, "")
            missing = f"environment variable {self.env} is not set"
        else:
            value, missing = self._read(), f'the file "{self.file}" is empty'
        if not value:
            raise ConfigError(f"{missing}. Set it on the driver and on every worker.")
        return value

    def _read(self) -> str:
        path = Path(str(self.file))
        try:
            return path.read_text(encoding="utf-8").removesuffix("\n").removesuffix("\r")
        except (OSError, UnicodeDecodeError) as error:
            reason = getattr(error, "strerror", None) or "it is not UTF-8 text"
            raise ConfigError(f'the secret file "{path}" cannot be read: {reason}.') from None
