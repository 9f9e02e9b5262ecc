"""Scripts that made the files in `demo/data` from raw data. Run by hand; nothing imports them at run time."""
