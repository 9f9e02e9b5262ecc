"""`toiluot server …`: set a site up, serve it, keys, accounts, configuration, check and audit, backup and restore.

Holds the list of what there is. Everything is done by services on a store; a command adds options, words and exit codes.
"""

from queue_server.cli import records, recovery, serving, who
from queue_server.cli.base import server

__all__ = ["records", "recovery", "server", "serving", "who"]
