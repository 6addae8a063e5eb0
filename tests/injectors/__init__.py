"""Faults that only our own tests inject: of disks, of power, and of rows that end their worker."""
