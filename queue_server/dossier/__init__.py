"""Wait-time records for the dossier system: what a record says, the worker that sends them, a system to try it against.

Reads the server's public `/events` with a key, never its database.
"""
