"""Families of members, a file each: what is fitted becomes plain arrays, which answer without the library."""
