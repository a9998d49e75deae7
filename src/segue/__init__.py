"""Segue: a music recommender that people run themselves."""

from __future__ import annotations

__version__ = "0.1.0"
