"""SOQL: text to tokens to tree, and the tree run against the records of an org."""
