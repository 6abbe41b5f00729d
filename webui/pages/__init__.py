"""The pages: one module each, with its routes, the access level beside each route, and nothing that another page needs.

A page imports data, present and security, and no other page; what two of them share lies one level up.
"""
