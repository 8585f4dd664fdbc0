"""Tests against the deployed stack: the real `cdk deploy` onto an AWS emulator, and real HTTP."""
