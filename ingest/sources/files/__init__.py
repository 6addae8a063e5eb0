"""What sources that read files share: listing them, and opening those that were planned."""
