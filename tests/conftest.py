"""The example of a plug-in is a project of its own: its tests run against its wheel, see tests/layout."""

collect_ignore = ["plugin"]
