"""Parts that several tasks are built of: optimisers, averages, intervals. No task, no file format, no run."""
