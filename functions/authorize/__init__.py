"""The `authorize` function: API key in, project and role out."""
