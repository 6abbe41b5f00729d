"""Words about who sends reports."""
from webui.language import N_

STATES = {"trusted": ("ok", N_("counts")), "unknown": ("warn", N_("yours?")), "aside": ("", N_("does not count"))}
WHY = {"first": N_("the first that reported"), "import": N_("imported by you"), "owner": N_("as you decided"),
       "earlier": N_("before suntap 0.2"), "": N_("not decided yet")}

