"""Compilers: each turns the rails of a guideline into answers in its own way, and knows no other.

Every one of them must agree with the referee on every statement for every patient.
"""
