"""Sample sales calls: real audio, the scripts behind it, and what a CRM must show of it in the end.

    load_samples().calls["penwick-3-quote"].audio      # an Ogg Opus file
    load_samples().by_sha256()                         # what the analysis emulator answers from
    expected()["reports"]["deals"]["negative_on_pricing"]

`calls/` holds one script per call, `story.yaml` the accounts, people and deals around them, `audio/` the
recordings as spoken by `generate.py`, `timings.json` their hashes and when each line is heard, and
`expected.yaml` the truth. Everybody and everything in them is invented.
"""

from velma_connectors.sandbox.samples.library import SampleCall, Samples, expected, load_samples

__all__ = ["SampleCall", "Samples", "expected", "load_samples"]
