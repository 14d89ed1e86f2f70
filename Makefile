# What is checked before anything lands; CI runs `make check`.
.PHONY: check style types imports knowledge tests bench schemas docs reset mutate

check: style types imports knowledge tests

style:
	ruff check .
	ruff format --check .

types:
	mypy

imports:
	lint-imports

knowledge:
	hepatica lint knowledge --since last-tag
	hepatica lint tests/fixtures/cases tests/fixtures/charts
	hepatica test
	hepatica test tests/fixtures/charts

tests:
	pytest -q -n auto --dist loadgroup

# Every rule with one thing changed: who notices? The cases that are only proposed do not count.
mutate:
	hepatica test tests/fixtures/proposed
	hepatica test --mutate

# Editor schemas, completed from the dictionaries; kept in the repository.
schemas:
	hepatica schema --write

# The published comparisons, proved; kept in the repository.
docs:
	python docs/comparisons/build.py

# Golden files anew; read the difference before committing it.
reset:
	pytest -q --reset

bench:
	python benchmarks/engines.py
	python benchmarks/scaling.py
	python benchmarks/startup.py
	python benchmarks/memory.py
	python benchmarks/prove.py
	python benchmarks/columnar.py
	python benchmarks/sampling.py
	python benchmarks/cohort.py
	python benchmarks/chart_facts.py
	python benchmarks/chart_stream.py
