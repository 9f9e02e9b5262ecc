"""What is tried in the guest, with true kernel devices and our service. Runs there only: `python -m tests.hil.run`."""
