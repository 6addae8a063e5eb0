"""Effects of installed packages, by entry points of the group `ingest.effects`.

They come last: whatever they do, all rows are visible then, and the cursor has moved. So an effect
that fails keeps its run from being done, but no row from being where it belongs.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from ingest.core.dataclass import dataclass
from ingest.core.errors import ConfigError, FatalError, IngestError
from ingest.core.plugins import Plugin, plugin, plugins
from ingest.driver.publishing.effect import Completed, Effect
from ingest.job import Job
from ingest.sinks.base import Claim, Line, Published

GROUP = "ingest.effects"


@dataclass(frozen=True, slots=True)
class Outside(Effect):
    """An effect of another package, named by its entry point; what it raises says whose it is."""

    name: str
    plugin: Plugin
    effect: Effect

    def claim(self, claim: Claim) -> None:
        """Have it keep others from publishing the same."""
        with self._errors():
            self.effect.claim(claim)

    def release(self, run_id: str) -> None:
        """Have it let others publish."""
        with self._errors():
            self.effect.release(run_id)

    def prepare(self, run: Completed) -> Iterator[Line]:
        """Have it decide; if it fails, nothing is published."""
        with self._errors():
            yield from self.effect.prepare(run)

    def publish(self, lines: Iterable[Line]) -> Published:
        """Have it publish; if it fails, the next attempt begins here."""
        with self._errors():
            return self.effect.publish(lines)

    def discard(self, run_id: str) -> None:
        """Have it remove what it has made."""
        with self._errors():
            self.effect.discard(run_id)

    @property
    def uri(self) -> str:
        """Where it says that it is."""
        with self._errors():
            return self.effect.uri

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except (Exception, SystemExit) as error:  # of another package, which may raise anything
            said = str(error) if isinstance(error, IngestError) else repr(error)
            raise FatalError(
                f"{self.plugin}: {said}. Fix that, then run again. To run without effects of other "
                "packages: execution.extensions=false"
            ) from error


def outside(job: Job, taken: Iterable[str]) -> Iterator[Outside]:
    """Yield the effects of installed packages for a job, by name.

    An entry point names a function that is given the job and returns an `Effect`, or None if it has
    none for this job. None of the names is `taken`.

    Raises:
        ConfigError: a package cannot be imported, or does not keep to that.
    """
    if not job.execution.extensions:
        return
    for name in sorted({each.name for each in plugins(GROUP)}):
        installed = plugin(GROUP, name)
        assert installed is not None, "it is listed"
        if name in (names := list(taken)):
            raise ConfigError(f"{installed}: the names {', '.join(names)} are taken. Rename it")
        effect = _made(installed, job)
        if isinstance(effect, Effect):
            yield Outside(name, installed, effect)
        elif effect is not None:
            raise ConfigError(
                f"{installed}: {installed.entry.value} returned {type(effect).__name__}. It must "
                "return an ingest.driver.publishing.effect.Effect, or None. Update or uninstall "
                "that package"
            )


def _made(installed: Plugin, job: Job) -> object:
    make = installed.load()
    try:
        return make(job)
    except (Exception, SystemExit) as error:  # a bug of another package
        raise ConfigError(
            f"{installed}: {error!r}. Update or uninstall that package. To run without such "
            "effects: execution.extensions=false"
        ) from error
