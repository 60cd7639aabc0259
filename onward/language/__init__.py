"""Language: networks with memory."""
