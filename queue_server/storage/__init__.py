"""Where a site's log and its rows are kept: tables and constraints, one writer, readers with their own connections."""
