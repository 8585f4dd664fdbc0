"""The `webhook` function: what can be reached without an API key."""
