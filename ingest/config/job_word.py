"""The job's name as people type it: the first bare word, `flights`, and not `+job=flights`."""

import re
from collections.abc import Sequence
from pathlib import Path

from ingest.config.folders import options
from ingest.config.places import MOST_LISTED, choices

FIRST = "Write the first one: ingest init PATH"
NO_SETTING = "not a setting. Write settings as KEY=VALUE, such as sink.path=out"
_JOB = re.compile(r"\+{0,2}job=")
_FILE = re.compile(r"^.*\bjob/|\.ya?ml$")
"""What is left out of `conf/job/flights.yaml`, to find the name that is meant."""


def is_bare(text: str) -> bool:
    """Whether a text is a word, and neither sets a key nor removes one."""
    return bool(text) and "=" not in text and text[0] not in "+~"


def names_job(texts: Sequence[str]) -> bool:
    """Whether a job is named, by a word or an override."""
    return any(_JOB.match(text) or is_bare(text) for text in texts)


def job_word(texts: Sequence[str]) -> str:
    """Return the word that names the job; empty if an override names it, or nothing does."""
    if any(_JOB.match(text) for text in texts):
        return ""
    return next(filter(is_bare, texts), "")


def no_such_job(name: str, known: Sequence[str]) -> str:
    """Return what is said of a name that no job has, with what to type next."""
    several = [part.strip() for part in name.split(",")]
    if len(several) > 1 and set(several) <= set(known):
        return f"this command takes one job. Write: {several[0]}"
    found = choices(_FILE.sub("", name), known, "Known jobs")
    text = f'there is no job "{name}".{found}'
    if known and len(known) <= MOST_LISTED:
        return text
    return f"{text} {'To list all jobs: ingest validate' if known else FIRST}"


def second_word(text: str, texts: Sequence[str], folders: Sequence[Path], word: str) -> str:
    """Return what is said of a bare word that does not name the job.

    `word` is the one that does; empty if an override does, or no job is to be named.
    """
    override = next((each for each in texts if _JOB.match(each)), "")
    first = word or override.partition("=")[2]
    if not first:
        return NO_SETTING
    known = options(folders, "job")
    if text == first:
        return f"the job is named twice. Keep one of {override or first} and {text}"
    if text in known and first in known:
        return (
            f"the job is already named: {first}. To run both jobs, one after the other: ingest run "
            f"{first},{text}"
        )
    return f"{NO_SETTING}. The job is already named: {first}"
