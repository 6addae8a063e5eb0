"""What is done to one partition: read, steps, contract, stage; and the search for poison rows."""
