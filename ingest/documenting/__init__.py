"""Documentation of data flows: a static site, and Markdown for Git, from jobs and their runs."""
