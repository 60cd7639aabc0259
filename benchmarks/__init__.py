"""Side-by-side runs against named peers; each writes its table into RESULTS.md."""
