"""The `moderate` function: judges texts without making anything."""
