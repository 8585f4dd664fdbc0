"""The Lambda handlers, one package a function; each is thin."""
