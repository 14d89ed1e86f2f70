"""The lint rules, one a module."""
