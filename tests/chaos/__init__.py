"""Killing runs at named points until they are done, and comparing what came of it.

`python -m tests.chaos --kills 1000`; the guide is in docs/guides/chaos.md.
"""
