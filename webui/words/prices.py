"""Words of the prices."""
from webui.language import N_

NAMES = {"buy": N_("What a kWh you buy costs"), "sell": N_("What a kWh you sell earns")}
PRICE = N_("Enter a price such as 0.31.")
DAY = N_("Enter a day such as 2026-01-01.")
TWICE = N_("There is a price for all other times from this day already: choose months, days or hours for one of them.")
NO_OTHER = N_("Add a row with the same day and no months, days or hours: the price at all other times.")
HALF = N_("Choose both, where it begins and where it ends; or neither.")
TIMES = N_("The hours must not begin and end at the same time.")
TOO_MANY = N_("These are more prices than suntap keeps: leave out old ones.")
SAVED = N_("Prices: saved.")
