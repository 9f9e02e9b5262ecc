"""HTTP: one route table, thin views per actor, log-in, one error table, the stream. No rules of the queue live here."""
