"""Imagegate: one API in front of every image-generation provider a team uses."""
