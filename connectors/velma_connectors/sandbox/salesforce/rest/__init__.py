"""The REST resources of the emulator, one file per family."""
