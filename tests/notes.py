"""Lines that tests want at the end of the run (see conftest): what was hit, measured, or drawn, and the seed."""
notes: list[str] = []
