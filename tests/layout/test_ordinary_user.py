"""What only a user with ordinary rights can show is shown also where root runs the tests."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
FILES = ("tests/sync/cli/test_access.py", "tests/sync/doctor/test_examination.py")
RIGHTS = "-dac_override,-dac_read_search"
"""By which root passes over the modes of files (capabilities(7))."""


@pytest.mark.skipif(os.geteuid() != 0, reason="these tests have run already, by an ordinary user")
@pytest.mark.skipif(shutil.which("setpriv") is None, reason="setpriv of util-linux is not installed")
def test_an_ordinary_user_passes_what_root_leaves_out(tmp_path: Path) -> None:
    ordinary = ("setpriv", f"--bounding-set={RIGHTS}", f"--inh-caps={RIGHTS}")
    if subprocess.run([*ordinary, "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this root may not give up rights")
    apart = ("-p", "no:cacheprovider", f"--basetemp={tmp_path / 'base'}")
    command = (*ordinary, sys.executable, "-m", "pytest", *apart, *FILES)
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert re.search(r"\d+ passed in", done.stdout), f"some were left out:\n{done.stdout}"
