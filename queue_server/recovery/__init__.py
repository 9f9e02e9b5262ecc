"""After the worst: backups, restores, the branch that did not go on, the paper book."""
