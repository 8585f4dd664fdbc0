"""The embedded text-to-image model as a function; needs the standard library, numpy and Pillow only."""
