"""Words of the diagnostics: what owners call the parts of suntap that run by themselves, and who answers the PVS."""
from webui.language import N_

PARTS = {"capture": N_("listener"), "supervisor": N_("recorder"), "web": N_("this page"), "collector": N_("stand-in"),
         "redirect": N_("way to the stand-in")}
ANSWERERS = {"off": N_("only listens"), "closed": N_("SunPower’s server answers"), "open": N_("this box answers"),
             "half-open": N_("trying SunPower’s server"), "on": N_("this box answers, always")}
