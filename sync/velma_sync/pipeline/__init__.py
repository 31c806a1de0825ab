"""The walk of a call, as orchestration over contracts: discover, analyze, write back, account for it.

settings     what can be set, and what one configured connection is
engine       everything a step needs, handed from step to step
discover     new and changed calls of one connection into the ledger
late         recordings that were missing
seen         what a look at a call changes
analyze      one call: claim, fetch, pay once, store
recordings   audio, wherever it lies
conclude     what a verdict means for its call
backoff      how long to wait before the next try
drafts       stored answers into plans, one per record
settlement   plans against what the CRM holds now
write_back   one batch into the CRM
outcomes     what the CRM's results mean for units and calls
health       pauses and breakers, and looking whether they can end
faults       failures of our own code
preview      everything but the writes
operate      what an operator may do by hand
receipts     what a run did
clock        time
"""
