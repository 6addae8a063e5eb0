"""Where the events of OpenLineage are sent: a file, an HTTP address, Kafka, and what else its
library knows.
"""
