"""A dated record becomes facts on a date: never from the future, never stale, never assumed."""
