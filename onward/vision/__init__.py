"""Seeing: what is in a picture, where it is, how it stands, how it moves."""
