"""Faults: the server is killed, the power fails, the disk is slow; and the tools that make it so."""
