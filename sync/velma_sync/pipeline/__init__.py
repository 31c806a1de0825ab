"""The walk of a call, as orchestration over contracts: discover, analyse, write back, account for it.

settings     what can be set, and what one configured connection is
engine       everything a step needs, handed from step to step
discover     new and changed calls of one connection into the ledger
late         recordings that were missing
analyze      one call: claim, fetch, pay once, store
conclude     what a verdict means for its call
drafts       stored answers into plans, record by record
write_back   one batch of plans into the CRM
outcomes     what the CRM's results mean for units and calls
health       pauses and breakers, and looking whether they can end
preview      everything but the writes
operate      what an operator may do by hand
receipts     what a run did
"""
