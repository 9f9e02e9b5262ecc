"""Wire protocols as pure functions: bytes in, values out. No device is opened here and no time is read."""
