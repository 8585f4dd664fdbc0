"""The `batch` function: steps of batches and of their lines."""
