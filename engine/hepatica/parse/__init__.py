"""Checked YAML to the typed form (`hepatica.ir`)."""
