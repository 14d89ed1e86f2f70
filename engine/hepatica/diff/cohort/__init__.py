"""Two guidelines over a table of patients: who is told something else, and what makes it so.

The rows are those of `diff.cases`: pairs of statements, and values that are concluded. For each
patient and row whose status differs, the conditions of both sides are put side by side, and every
part in which they differ is tried by itself: would it alone give what the new side says?
"""
