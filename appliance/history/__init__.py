"""Questions to what the ledger derived, and the files that a history travels in. It decides nothing about energy.

views answers page, API and export; changes tells a reader what is new since it last looked; inverters compares panels,
worth has shares and money, totals what outputs count, earlier the imported years. backup makes one file of everything,
backup_check says what of a foreign one is believed.
"""
