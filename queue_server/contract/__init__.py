"""What goes over the wire between the server and everyone else: messages, words, positions, times, frames.

Pure: standard library and itself only. No Flask, no database, no clock.
"""
