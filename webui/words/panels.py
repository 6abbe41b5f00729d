"""Words of the panels."""
from webui.language import N_

SAVED = N_("Names and places: saved.")
TWO = N_("Two panels have the same place: row {row}, column {column}.")
HALF = N_("{name} has a row but no column, or a column but no row.")
PLACE = N_("Rows and columns are numbers from 1 to {most}.")
LONG = N_("A name has at most 40 letters.")
TROUBLES = {"dead": N_("makes next to nothing since {day}"), "weak": N_("makes too little since {day}"),
            "silent": N_("not heard since {day}")}
