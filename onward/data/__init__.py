"""Doors to the user's files: what people already have goes in, plain arrays come out, nothing of theirs is changed."""
