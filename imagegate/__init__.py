"""Imagegate: one API in front of every image-generation provider a team uses."""

__version__ = "0.1.0"
