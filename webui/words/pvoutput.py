"""Words of PVOutput's page: the states of a reading, and what PVOutput's numbered values are."""
from webui.language import N_

STATES = {"open": N_("being made"), "waiting": N_("waiting"), "sent": N_("posted"), "refused": N_("refused"),
          "expired": N_("too old"), "skipped": N_("skipped")}
VALUES = {"v1": N_("Made (v1)"), "v2": N_("Power (v2)"), "v3": N_("Used (v3)"), "v4": N_("Power used (v4)")}
