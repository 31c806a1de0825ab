"""Puts the sample calls into an emulated Salesforce org and HubSpot portal, and behind a recording host.

With several copies, everything but the reps exists that often: accounts, contacts, deals and calls. A
copy's recordings lie behind URLs of their own; their bytes are shared with the original unless they are
asked to be distinct.
"""
