"""Larger pieces of traffic that only tests and benchmarks use: household, recording, reference capture, storm."""
