"""What is peculiar to CSV: its header, its values, and reading it fast where that is right."""
