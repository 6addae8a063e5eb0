"""Samples, expected output and functions of the shipped jobs."""
