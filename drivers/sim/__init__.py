"""Far ends of true wires: what a printer or a scanner would say, with faults to switch on. Never imports `drivers.devices`."""
