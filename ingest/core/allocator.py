"""How the allocators of Polars and Arrow treat memory that is free again.

Polars' keeps it for a while. By its own setting it gives pages back after half a second, and each
partition takes them again: of 67 MB of CSV 35,000 pages, a seventh of the processor time, against
1,300. What a process takes at most grows by 2 to 7 %. Its threads share one arena: with one for
each, a worker kept 20 to 30 MB more of what other threads had freed, and was no faster with two
threads.

What has 8 MB and more it would give back at once, in a process that has no thread for it: a fork,
such as each worker is. A partition took 20,000 pages again for it, a twelfth of the processor time.
So nothing is that large to it.

Arrow's usual one held 40 MB in each worker, though it never had more than 13 in use at a time. The
system's takes as much processor time, and what Arrow frees there is of use to others.
"""

import os
import sys

VARIABLE = "_RJEM_MALLOC_CONF"
KEPT = f"narenas:1,oversize_threshold:{2**40},dirty_decay_ms:10000,muzzy_decay_ms:10000"
ARROW_VARIABLE = "ARROW_DEFAULT_MEMORY_POOL"


def set_allocators() -> None:
    """Have Polars keep freed memory for ten seconds, and Arrow take its from the system.

    In this process and those that it starts, and each only if its library was not imported before;
    later it does nothing. What a user has set goes first.
    """
    told = os.environ.get(VARIABLE, "")
    if "polars" not in sys.modules and KEPT not in told:
        os.environ[VARIABLE] = ",".join(filter(None, (KEPT, told)))
    if "pyarrow" not in sys.modules:
        os.environ.setdefault(ARROW_VARIABLE, "system")
