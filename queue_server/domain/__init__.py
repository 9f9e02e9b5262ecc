"""The rules of a queue, pure: no input or output, no clock (`now_ms` is an argument), nothing but the standard library."""
