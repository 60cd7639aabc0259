"""The broad path: self-play, control, compression, clusters, few labels."""
