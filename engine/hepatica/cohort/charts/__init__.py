"""Long tables of dated entries become the facts of a whole cohort, each patient as of a date.

The single chart (`hepatica.chart`) is the meaning. Every different cell is read by its code, once;
what then has to be done a patient is done in Polars: which value is the newest, what lies in a
window, which drug is taken. Patients with a date known only to the month or year, a corrected
entry, an order of entries (`seq`), or a treatment from before the record are worked out by the
single chart itself.
"""
