"""Where events of OpenLineage are sent: a file, an address, Kafka, or what its library knows."""
