"""The audit: the log added up a second time, by code that shares nothing with the first, and compared with everything."""
