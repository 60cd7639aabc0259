"""`language-model`: the text in numbers, and a network with memory that reads it."""
