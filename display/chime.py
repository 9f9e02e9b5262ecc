"""The chime before a call, made from nothing: two struck tones, a falling third, 1.3 s.

Holds the synthesis only (`python -m display.chime FILE` writes the file that is shipped, so its licence is ours).
Nothing at run time imports this.
"""

from __future__ import annotations

import math
import struct
import sys
import wave
from pathlib import Path

RATE_HZ = 22_050
LENGTH_S = 1.3
PEAK = 0.7
TONES = ((0.0, 659.25), (0.38, 523.25))  # (start in seconds, frequency in Hz): E5, then C5
OVERTONES = ((1.0, 1.0, 3.2), (2.0, 0.35, 5.0), (3.01, 0.12, 9.0))  # (multiple, loudness, decay per second), like a bar


def samples() -> list[float]:
    total = int(RATE_HZ * LENGTH_S)
    wave_form = [sum(_tone((n / RATE_HZ) - start, pitch) for start, pitch in TONES) for n in range(total)]
    loudest = max(abs(value) for value in wave_form)
    fade = int(0.08 * RATE_HZ)
    return [PEAK * value / loudest * min(1.0, (total - n) / fade) for n, value in enumerate(wave_form)]


def _tone(age_s: float, pitch_hz: float) -> float:
    if age_s < 0:
        return 0.0
    attack = min(1.0, age_s / 0.006)
    return attack * sum(loud * math.exp(-decay * age_s) * math.sin(2 * math.pi * pitch_hz * k * age_s) for k, loud, decay in OVERTONES)


def write(path: Path) -> None:
    with wave.open(str(path), "wb") as out:
        out.setnchannels(1)
        out.setsampwidth(2)
        out.setframerate(RATE_HZ)
        out.writeframes(b"".join(struct.pack("<h", round(32767 * value)) for value in samples()))


if __name__ == "__main__":
    write(Path(sys.argv[1]))
