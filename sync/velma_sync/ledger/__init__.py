"""The ledger: the only truth about every call, in SQLite by default or PostgreSQL by URL.

database     opens the file or server, brings its schema up to date, starts transactions
schema       the tables
states       which state a call may go to from which
calls        finding, changing and showing calls
claims       leases: who works on which call, and how many at once
payments     what was asked of the analyzer for money, and the answers
spending     the analyzer's breaker and its present limit
writes       what is to be written to the CRM, what was, and what stood there before
connections  how far each connection was read, and whether it is paused
ticks        signs of life
"""
