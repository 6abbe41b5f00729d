"""Words about who sends reports."""
STATES = {"trusted": ("ok", "counts"), "unknown": ("warn", "yours?"), "aside": ("", "set aside")}
WHY = {"first": "the first that reported", "import": "imported by you", "owner": "as you decided",
       "earlier": "before suntap 0.2", "": "not decided yet"}

