"""The ledger: the only truth about every call, in SQLite by default or PostgreSQL by URL.

database     opens the file or server, starts transactions
migrate      brings the schema up to date
lock         one daemon per file
schema       the tables
states       which state a call may go to from which
moves        the only statements that change a call's state
calls        finding, changing and showing calls
leases       who works on which call, and how many at once
payments     what was asked of the analyzer for money, and the answers
spending     the analyzer's breaker and its present limit
units        what write-back has to do for each call
history      everything that was written, and what stood there before
connections  how far each connection was read, and whether it is paused
counts       sums for status pages and receipts
ticks        signs of life
codec        how calls and values are spelt in columns
"""
