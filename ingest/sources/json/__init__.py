"""What a record of JSON Lines is: its schema, and how it is parsed strictly."""
