"""Ray's job server: submitting a process to a cluster, and asking what has become of it."""

import logging
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError

PORT = 8265
_CHATTY = ("ray.dashboard.modules.dashboard_sdk", "ray._private.runtime_env.packaging")
_NOT_READY = "No available agent"  # of a head that has just been started
_READY_S = 60.0
_STOP_WAIT = "RAY_JOB_STOP_WAIT_TIME_S"


@dataclass(frozen=True, slots=True)
class Standing:
    """How a submitted process stands: `waiting`, `running`, or ended with an exit code.

    `code` is None while it has not ended, and where Ray does not know it: the node of the driver is
    gone, say. `message` is what Ray says of the end.
    """

    ended: bool
    code: int | None = None
    message: str = ""


class JobServer:
    """The job server of a cluster, at the address of its dashboard.

    A cluster's token is taken from where Ray's own commands take it (RAY_AUTH_MODE=token with
    RAY_AUTH_TOKEN or RAY_AUTH_TOKEN_PATH).
    """

    def __init__(self, address: str) -> None:
        self.address = address
        self._client = self._connected(address)

    def submit(
        self,
        submission: str,
        entrypoint: str,
        folder: Path,
        *,
        environment: Mapping[str, str],
        metadata: Mapping[str, str],
        grace_s: float,
    ) -> None:
        """Start a process in a copy of a folder. What is given here is shown to all who look.

        After it was asked to stop, it has `grace_s` seconds.

        Raises:
            FatalError: the cluster refuses it.
        """
        environment = {**environment, _STOP_WAIT: str(int(grace_s) + 1)}
        until = time.monotonic() + _READY_S
        while True:
            try:
                self._client.submit_job(
                    submission_id=submission,
                    entrypoint=entrypoint,
                    runtime_env={"working_dir": str(folder), "env_vars": environment},
                    metadata=dict(metadata),
                )
            except (RuntimeError, ValueError, OSError) as error:
                cut = _is_cut(error)
                if cut and self._has(submission):
                    return  # only the answer was lost
                if not (cut or _NOT_READY in str(error)) or time.monotonic() > until:
                    text = f"{self.address}: the cluster refuses the job: {error}"
                    raise FatalError(text) from error
                time.sleep(1.0)
            else:
                return

    def _has(self, submission: str) -> bool:
        try:
            self._client.get_job_info(submission)
        except (RuntimeError, OSError):
            return False
        return True

    def standing(self, submission: str) -> Standing:
        """Return how a submitted process stands.

        Raises:
            OSError, RuntimeError: the cluster does not answer now.
        """
        page = self._client.get_job_info(submission)
        ended = page.status.is_terminal()
        return Standing(ended, page.driver_exit_code if ended else None, page.message or "")

    @staticmethod
    def gone(message: str) -> Standing:
        """Return the standing of a process whose cluster is not there any more."""
        return Standing(ended=True, message=message)

    def output(self, submission: str) -> str:
        """Return what the process has printed so far; empty if the cluster does not answer."""
        try:
            return str(self._client.get_job_logs(submission))
        except (RuntimeError, OSError):
            return ""

    @staticmethod
    def _connected(address: str) -> Any:
        try:
            from ray.job_submission import JobSubmissionClient  # noqa: PLC0415 - 2 s to import

            for name in _CHATTY:
                logging.getLogger(name).setLevel(logging.WARNING)
            return JobSubmissionClient(address)
        except ImportError:
            missing = True
        except (RuntimeError, OSError, ValueError) as error:
            text = str(error).split("\n", 1)[0]
            missing = "ray[default]" in text
            if not missing:
                raise ConfigError(
                    f"{address}: no job server of Ray can be reached: {text}. Give the address of "
                    f"the cluster's dashboard (port {PORT}): --address http://HOST:{PORT}; and its "
                    "token if it has one: RAY_AUTH_MODE=token and RAY_AUTH_TOKEN_PATH"
                ) from error
        raise ConfigError(
            "submit needs Ray's job client. Install it: pip install 'ingest[cluster]'"
        )


def _is_cut(error: Exception) -> bool:
    """Whether a connection ended before its answer: a busy head lets go of some."""
    from requests import ConnectionError as CutError  # noqa: PLC0415 - Ray's client has it

    return isinstance(error, CutError)
