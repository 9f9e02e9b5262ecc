"""Each how-to of docs/howto that a technician follows, followed to the letter: its commands run, its steps by hand are done."""
