"""Faults that a simulator cannot see: real processes, real sockets, a disk in trouble, and how long recovery takes."""
