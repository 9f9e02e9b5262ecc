"""The whole centre in one process, by a seeded order of events: what goes wrong in it, and who finds it."""
