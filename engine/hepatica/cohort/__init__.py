"""The same rules over a table of patients: reading it, checking it, answering it, summing it up.

Nothing of a table is guessed: what a column means stands in a mapping file (or its name is a fact),
every cell that cannot be used is told before the work starts, and none becomes a "no".
"""
