"""Speaks the sample calls: espeak-ng gives every speaker a voice, ffmpeg makes Ogg Opus of it.

    python -m velma_connectors.sandbox.samples.generate

Writes `audio/*.ogg` and `timings.json`, which are committed: nobody needs the two programs to use the
samples. Another version of either program gives other bytes, so run it only when a script changed.
"""

from __future__ import annotations

import array
import hashlib
import json
import math
import shutil
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

from velma_connectors.sandbox.samples.call import CallScript, Heard
from velma_connectors.sandbox.samples.dialogue import Dialogue, untagged
from velma_connectors.sandbox.samples.library import AUDIO, FOLDER, TIMINGS, load_script

RATE = 22_050
WAV_HEADER_BYTES = 44
"""espeak-ng writes samples at this rate, 16 bits, mono. Its header on a pipe cannot tell the length."""

BIT_RATE = "20k"
WORDS_PER_MINUTE = 165
LEAD_SECONDS = 0.5
GAP_SECONDS = 0.45

_MELODY = (262, 330, 392, 523, 392, 330, 294, 349, 440, 587, 440, 349)
"""Tones of the hold music in hertz, half a second each."""

Samples = array.array


def main() -> int:
    missing = [program for program in ("espeak-ng", "ffmpeg") if shutil.which(program) is None]
    if missing:
        sys.stderr.write(
            f"The samples cannot be spoken: {' and '.join(missing)} not found. "
            "Install the Debian packages of the same names, or use the committed audio.\n"
        )
        return 1
    AUDIO.mkdir(exist_ok=True)
    timings = {}
    for path in sorted(FOLDER.glob("*/calls/*.yaml")):
        script = load_script(path)
        if script.crm.recording is not Heard.LOGIN_PAGE and script.same_audio_as is None:
            timings[path.stem] = _record(path.stem, script)
    TIMINGS.write_text(_readable(timings))
    return 0


def _record(key: str, script: CallScript) -> dict[str, Any]:
    """Write one recording. Times are in milliseconds, each line as [start, duration]."""
    if script.dialogue is not None:
        sound, spans = _speech(script.dialogue)
    else:
        sound, spans = array.array("h", _tones(script.music_seconds or 0)), []
    ogg = _encode(sound)
    (AUDIO / f"{key}.ogg").write_bytes(ogg)
    return {
        "sha256": hashlib.sha256(ogg).hexdigest(),
        "duration_ms": len(sound) * 1000 // RATE,
        "lines": spans,
    }


def _speech(dialogue: Dialogue) -> tuple[Samples[int], list[list[int]]]:
    sound = _silence(LEAD_SECONDS)
    spans = []
    for line in dialogue.lines:
        said = _say(untagged(line.says), dialogue.speakers[line.by].voice)
        spans.append([len(sound) * 1000 // RATE, len(said) * 1000 // RATE])
        sound += said + _silence(GAP_SECONDS)
    return sound, spans


def _say(text: str, voice: str) -> Samples[int]:
    spoken = _run(
        ["espeak-ng", "-v", voice, "-s", str(WORDS_PER_MINUTE), "-b", "1", "--stdin", "--stdout"],
        text.encode(),
    )
    sound: Samples[int] = array.array("h")
    sound.frombytes(spoken[WAV_HEADER_BYTES:])
    return sound


def _tones(seconds: int) -> Iterator[int]:
    per_tone = RATE // 2
    for moment in range(seconds * RATE):
        tone = _MELODY[moment // per_tone % len(_MELODY)]
        fade = 1 - moment % per_tone / per_tone
        yield int(9000 * fade * math.sin(2 * math.pi * tone * moment / RATE))


def _silence(seconds: float) -> Samples[int]:
    return array.array("h", bytes(2 * int(seconds * RATE)))


def _encode(sound: Samples[int]) -> bytes:
    """Mono Ogg Opus without a trace of the time or the machine it was made on."""
    given = f"-f s16le -ar {RATE} -ac 1 -i pipe:0"
    wanted = f"-c:a libopus -application voip -b:a {BIT_RATE} -f ogg pipe:1"
    plain = "-map_metadata -1 -fflags +bitexact -flags:a +bitexact"
    return _run(f"ffmpeg -nostdin -loglevel error {given} {plain} {wanted}".split(), sound.tobytes())


def _run(command: list[str], given: bytes) -> bytes:
    return subprocess.run(command, input=given, capture_output=True, check=True).stdout  # noqa: S603 - fixed


def _readable(timings: dict[str, Any]) -> str:
    """JSON with one recording's lines on one row, so that changes can be reviewed."""
    rows = [f"  {json.dumps(key)}: {json.dumps(timing)}" for key, timing in sorted(timings.items())]
    return "{\n" + ",\n".join(rows) + "\n}\n"


if __name__ == "__main__":
    sys.exit(main())
