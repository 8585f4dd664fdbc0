"""Finds the jobs that nobody drives any more, every minute."""
