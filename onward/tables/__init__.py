"""Rows and columns: methods older than deep learning that still win on tables."""
