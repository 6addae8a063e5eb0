"""Words that readers trip over, and what to write instead.

A pattern is matched in any case, between word boundaries. What `ALLOWED` matches is taken out of a
text before: names that are a format on disk.
"""

import re
from collections.abc import Iterator

BANNED = {
    r"settl(?:e|es|ed|ing)": "completed",
    r"books?": "row counts",
    r"anew": "again, start over",
    r"mend(?:s|ed|ing)?": "fix",
    r"go(?:es|ing)? on": "continue, resume, during the run",
    r"gone on|went on": "continued, resumed",
    r"worked": "processed",
    r"works? off": "process",
    r"whoever|whosoever": "anybody who, a user who",
    r"what(?:ever)? (?:becomes|became|comes|came) of": "what happens to",
    r"g[ia]ven? up|gives? up|gives? (?:it|them|the \w+) up": "discarded, stopped",
    r"stands?|stood": "is, means, contains",
    r"lies?|lay|lain": "is, is stored",
    r"held": "kept, contained",
    r"(?<!anything )(?<!nothing )(?<!everything )(?<!something )(?<!what )(?-i:else)": "otherwise",
    r"(?:comes?|came) (?:of|to(?! an end))": "the result is, happens to",
    r"becomes? of|became of": "happens to",
    r"likewise": "in the same way",
    r"turn about": "alternating",
    r"cut off": "interrupted",
    r"in the face of": "after",
    r"takes long": "is slow",
    r"(?:is|are|be) told": "shown, set, documented",
    r"(?<!there )(?:is|are) no(?! longer| more| default| other| such| faster| slower)": "is not a",
    r", say(?=[,.;:)]|$)": "for example, such as",
    r"which else|what there is": "a whole sentence in normal order",
    r"(?:^|(?<=[.;:] ))who (?:[a-z]+s|has) (?!it )": "a user who",
    r"nobody (?:typed|reads|planned|looks)": "no type is set, is not read, unexpected",
    r"what it asks|asked of": "requires",
    r"in clear": "readable, unmasked",
    r"unto|hence|thereof|whereof|thus|behold": "a plain sentence",
}

SENTENCES = {
    "Mend the file": "Fix the file, or ingest it with a separate job",
    "What is settled stays in": "Completed partitions are kept; nothing was published",
    "the plan does not hold": "affects the output; cannot resume",
    "To give it up, with all that is settled": "To discard that run and start over, add --fresh",
    "work a job to its published output": "run a job and publish it, or resume it",
    "list the runs and their books": "list runs with row counts",
    "files and books agree": "OK: files match recorded row counts and checksums",
    "takes long: worked a second time": "slow: started a speculative attempt",
    "ended by a bug, see above. Ray's logs": "Ray did not start within 30 s. Logs: PATH",
    "nothing can be worked for": "Waiting 15 s for Ray: 0 of 2 workers started",
    "has no value": "cannot cast value to decimal(12,2)",
    "holds no secret": "environment variable X is not set",
    "and go on; or give the plan up": "Input changed since planning. Add --fresh",
    "finishing what is being worked": "Finishing running partitions (max 30 s)",
    "Rows that it leaves out are counted as ``": "Never drops rows",
    "nothing in here but": "Only `seed` affects the output",
    "Grown up, it might look like this": "A complete job",
    "A mistake in it is answered with": "Errors are reported with file, line and a suggested fix",
    "Read them by two jobs": "Ingest these files with separate jobs",
    "read it by a source of its own": "Fix the file, or ingest it with a separate job",
}

ALLOWED = re.compile(
    r"`[^`]*`"  # code: keys, options, the events `settled` and `abandoned`
    r"|ledger link: settled"  # a point of the chaos suite, named for that event
    r"|desc distinct else end|hinweis\|fußnote\|stand"  # SQL's words, German footers
)

_BANNED = [
    (re.compile(rf"(?<![\w-])(?:{pattern})(?![\w-])", re.IGNORECASE), better)
    for pattern, better in BANNED.items()
]


def stumbles(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield line (from 1), words and what to write instead, for each place to trip over."""
    plain = ALLOWED.sub(lambda code: re.sub(r"[^\n]", "·", code[0]), text)
    for pattern, better in _BANNED:
        for match in pattern.finditer(plain):
            yield plain.count("\n", 0, match.start()) + 1, match[0], better
    for sentence, better in SENTENCES.items():
        for match in re.finditer(re.escape(sentence), text):
            yield text.count("\n", 0, match.start()) + 1, sentence, better
