"""What people read: energies judged (energy), numbers and times as text (units, localtime), charts as geometry (svg,
charts). One module for each, so a day, a kWh or a bar looks the same on every page."""
