"""The use-cases: one function each, one unit of work each. They know the rules and the rows, not the web."""
