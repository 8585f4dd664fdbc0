"""Wiring: the only place that reads the environment and chooses implementations, one file for each function.

A function imports its own file only, so that none loads what another needs.
"""
