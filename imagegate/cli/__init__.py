"""The `imagegate` command: a client of a deployed gateway, and the operator's door to projects and keys."""
