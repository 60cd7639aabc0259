"""The broad path: learning that is not a classifier's. Self-play learns a game from its rules alone."""
