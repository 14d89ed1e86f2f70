"""How well examples and cases guard the rules: one thing is changed, does anybody notice?

`mutants` makes the changes, `notice` asks the examples and cases, `separate` searches for what
would notice, `propose` writes it down as a case.
"""
