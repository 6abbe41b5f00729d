"""The maker's server may be gone: this room answers the PVS in its place, and gives the place back.

Two processes, so that the one that reads what the PVS sends has no right to the network's rules:

    collector   breaker (when to stand in), liveness (what it knows: does the PVS try, is it answered), breaker_file
                (what outlives the process); wsgi_app (the answer), listener (waitress around it), deposit (the way
                into the inbox), bounds; name_server (dnsmasq for the one name), dns; process (the loop). Runs as the
                inbox's user, without a capability.
    redirect    redirect (the loop), nft_rules (nftables rules that time out), pvs_port (which port is the PVS's).
                CAP_NET_ADMIN, nothing else.

They speak through their heartbeats: `collector` says what is wanted, `redirect` renews it while that heartbeat is
young. A killed, hung or stopped process therefore costs a timeout, never the PVS's connection.

Two ways lead to the stand-in. Inline: the kernel brings connections of the PVS's port here (redirect). Direct: the
owner's router names this box as the collector, and the page hands over what comes to its port 80 (webui).
"""

NAME = "collector.sunpowermonitor.com"
PATHS = ("/Data/SMS2DataCollector.aspx", "/Command/SMS2DataCollector.aspx")     # the only two known (PVS2, PVS5, PVS6)
COLLECTOR_PORT = 80
REDIRECTED = "198.18.0.1"   # what our name server says: leads to the router and is caught before (RFC 2544: for tests)
STAND_IN_PORTS = range(18080, 18090)    # TCP, the first free one: where the kernel brings the PVS's connections to
NAMES_PORTS = range(18053, 18063)       # UDP and TCP, the first free one: to where questions for the name are brought
PAGE_SOCKET = "collector.sock"      # in the runtime directory: the page's way in, for direct mode
PEER = "X-Suntap-Peer"      # of a request that the page hands over: "ADDRESS:PORT" of who sent it
PEER_MAC = "X-Suntap-Peer-Mac"      # its hardware address, where the page knows it
ALIVE = "/alive"            # on the page's socket only: 204, the proof that requests are answered

OFF, AUTO, ON = "off", "auto", "on"     # values of collector.stand_in
