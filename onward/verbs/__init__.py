"""One file a verb; none names a task."""
