"""Running a job on a Ray cluster that is already there: what is sent, and how it is followed."""
