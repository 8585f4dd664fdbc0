"""The `job` function: one step of a generation, for the state machine."""
