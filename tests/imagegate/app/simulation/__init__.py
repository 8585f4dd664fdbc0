"""A gateway in memory that may break anywhere, and vendors that bill: what the property-based test drives."""
