"""Tests of the `imagegate` command."""
