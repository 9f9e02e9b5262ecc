"""How many counters: a simulated centre and what follows from playing many of its days. Pure: numpy and the rules of the queue."""
