"""The queue server: the one writer of a site's log, and everything that reads it over HTTP."""
