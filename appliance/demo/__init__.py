"""The demo: the real processes, with a simulated roof, PVS, collector and PVOutput around them."""
