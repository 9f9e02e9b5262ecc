"""Pages for people: log-in, the clerk's console, the attendant's desk, technician, manager and the citizen's own page.

Views only gather what the services answer and choose words; templates draw it. No rule of the queue, no storage.
"""
