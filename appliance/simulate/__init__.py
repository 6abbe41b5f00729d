"""The world around suntap, simulated, with the truth beside it: for the demo and for tests.

roof with sun is the truth: a household and its counters. pvs sends them (uploads), server, collector, names and
pvoutput (its rules: pvoutput_site, its services: pvoutput_services) answer. traffic makes conversations with chosen
mischief, packets their frames, pcapfile the capture; truth says what can be recovered of it.
"""
