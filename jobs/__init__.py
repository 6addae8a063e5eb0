"""What proves and explains the shipped jobs: samples, expected output, pages, functions."""
