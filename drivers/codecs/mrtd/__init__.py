"""The chip of an identity card as pure functions (ICAO Doc 9303): what to say to it, and what its answers mean.

Opens no reader, draws no random numbers (they are arguments), knows no clock. Sources and worked examples: `docs/wire/mrtd.md`.
"""
