"""Results for people: text for a terminal, markdown, HTML. All show the same view of a result."""
