"""A whole centre on one machine: real processes, simulated devices, believable people. For trying and showing only."""
