"""Words of the diagnostics: what owners call the parts of suntap that run by themselves, and who answers the PVS."""
PARTS = {"capture": "listener", "supervisor": "recorder", "web": "this page", "collector": "stand-in",
         "redirect": "way to the stand-in"}
ANSWERERS = {"off": "only listens", "closed": "SunPower’s server answers", "open": "this box answers",
             "half-open": "trying SunPower’s server", "on": "this box answers, always"}
