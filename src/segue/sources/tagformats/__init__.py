"""Readers of the tag formats: each fills one `Fields` from an open file."""
