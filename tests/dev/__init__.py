"""Tests of the tooling behind the Makefile."""
