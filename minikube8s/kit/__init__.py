"""What every part needs and no part owns: clock, tasks, back-off, work queue, log format."""
