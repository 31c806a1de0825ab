"""Sample sales calls: real audio, the scripts behind it, and what a CRM must show of it in the end.

    load_samples().org.calls["penwick-3-quote"].audio      # an Ogg Opus file
    load_samples().by_sha256()                             # what the analysis emulator answers from
    expected()["org"]["reports"]["deals"]["negative_on_pricing"]

The vendor Ledgerline has two teams, one in a Salesforce org and one in a HubSpot portal; two calls are
logged in both. `org/` and `portal/` hold each team's `story.yaml`, the accounts, people and deals, and in
`calls/` one script per call. `audio/` holds the recordings as spoken by `generate.py`, `timings.json` their
hashes and when each line is heard, and `expected.yaml` the truth. Everybody and everything is invented.
"""

from velma_connectors.sandbox.samples.library import SampleCall, Samples, Team, expected, load_samples

__all__ = ["SampleCall", "Samples", "Team", "expected", "load_samples"]
