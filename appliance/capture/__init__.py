"""The capture process: packets → uploads → inbox. It has CAP_NET_RAW and knows nothing of energy, accounts or pages.

process has the loop, inbox_writer the queue and the batches into the inbox, retention which uploads leave it when the
card is full. Who sent: origin tells the side of the bridge, with uplink (which port leads to the router) and spoofed
(addresses that appear on both sides); rate bounds what one sender may have stored. answers looks at the wire for the
stand-in, and tap is the packet socket of those that look at a few frames only.
"""
