"""Sinks that write a directory of files: everything but the format."""
