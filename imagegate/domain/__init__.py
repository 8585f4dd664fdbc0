"""The rules of the gateway as frozen data and pure functions: no I/O, no clock, standard library only."""
