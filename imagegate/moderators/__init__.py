"""Moderators, one file an engine; each maps what it sees to our categories."""
