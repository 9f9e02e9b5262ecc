"""Hardware only: printers and readers as bytes on true wires. Knows nothing of queues, tickets or citizens."""
