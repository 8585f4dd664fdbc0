"""Tests of the stack: what is synthesized for AWS and for the emulator, without either."""
