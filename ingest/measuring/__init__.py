"""Finding out where the time of a job goes, on a sample of its own partitions.

Nothing here publishes, or touches the job's state. What is staged lies in a folder of its own,
which is removed.
"""
