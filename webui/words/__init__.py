"""The page's words, one module a page: what its code says. What a template says stands in the template itself.

Owners' words: the PVS is "your SunPower box (PVS)", what it sends is a report, what goes to PVOutput is posted, our
process that works them out is the recorder. A sentence says what happened, the next one what to do; settings are named
as the page calls them, and a command line stands only where there is a shell.
"""
