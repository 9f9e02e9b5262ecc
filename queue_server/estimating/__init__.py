"""What wait to expect, and how sure that is: pure rules over a picture of the hall. Nothing here reads a clock, a file or a table;
`now_ms` and the seed are arguments, so that the same picture always gives the same answer.

`scene` holds the types; `what_if` plays the queue on; `call_gap` is the plain rule beside it; `learned` is what a site has taught so
far; `foreseeing` joins them into the range that is shown.
"""
