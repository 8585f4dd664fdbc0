"""Use cases, one verb a file; what they need from the world is a Protocol in `ports`."""
