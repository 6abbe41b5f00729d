"""Words of the diagnostics: what owners call the parts of suntap that run by themselves."""
PARTS = {"capture": "listener", "supervisor": "recorder", "web": "this page", "collector": "stand-in"}
