# SPDX-License-Identifier: GPL-3.0-or-later
"""What pedalboard does not say about its own effects: ranges, units, and what to beware of.

Its properties carry no range or unit; these were measured and read in pedalboard 0.9.26. They are
for people (`neuralboard boxes`): what is refused, `neuralboard.natives` and pedalboard decide.
"""

from __future__ import annotations

__all__ = ["CAUTIONS", "RANGES", "SUMMARIES", "unit_of"]

_UNITS = {"_db": "dB", "_hz": "Hz", "_ms": "ms", "_seconds": "s", "semitones": "semitones"}

_DYNAMICS = {"threshold_db": "any", "ratio": "1 and more", "attack_ms": "0 and more",
             "release_ms": "0 and more"}  # fmt: skip
_FILTER = {"cutoff_frequency_hz": "above 0, below half of the sample rate"}
_SHELF = {**_FILTER, "gain_db": "any", "q": "0.001 to 1000"}
_SWEEP = {"rate_hz": "0 to 100", "depth": "0 to 1", "feedback": "0 to 1", "mix": "0 to 1"}
_UNIT_RANGE = "0 to 1"

# Class → property → what it takes.
RANGES: dict[str, dict[str, str]] = {
    "Bitcrush": {"bit_depth": "0 to 32"},
    "BrickwallLimiter": {
        "ceiling_db": "any", "release_ms": "above 0", "lookahead_ms": "above 0, to 100",
        "true_peak": "True or False",
    },
    "Chorus": {**_SWEEP, "centre_delay_ms": "1 to 100"},
    "Clipping": {"threshold_db": "any"},
    "Compressor": _DYNAMICS,
    "Convolution": {"mix": _UNIT_RANGE},
    "Delay": {"delay_seconds": "0 to 30", "feedback": _UNIT_RANGE, "mix": _UNIT_RANGE},
    "Distortion": {"drive_db": "any"},
    "GSMFullRateCompressor": {"quality": "a name of Resample.Quality"},
    "Gain": {"gain_db": "any, -inf for silence"},
    "HighShelfFilter": _SHELF,
    "HighpassFilter": _FILTER,
    "LadderFilter": {
        "mode": "LPF12, HPF12, BPF12, LPF24, HPF24 or BPF24", "cutoff_hz": "above 0",
        "resonance": _UNIT_RANGE, "drive": "1 and more",
    },
    "Limiter": {"threshold_db": "any", "release_ms": "0 and more"},
    "LowShelfFilter": _SHELF,
    "LowpassFilter": _FILTER,
    "MP3Compressor": {"vbr_quality": "0 (best) to 10"},
    "NoiseGate": _DYNAMICS,
    "PeakFilter": _SHELF,
    "Phaser": {**_SWEEP, "centre_frequency_hz": "above 0"},
    "PitchShift": {"semitones": "-72 to 72"},
    "Resample": {"target_sample_rate": "100 to 768000", "quality": "a name of Resample.Quality"},
    "Reverb": dict.fromkeys(
        ("room_size", "damping", "wet_level", "dry_level", "width", "freeze_mode"), _UNIT_RANGE
    ),
}  # fmt: skip

# Class → one line where pedalboard's own docstring is none or long.
SUMMARIES: dict[str, str] = {
    "Bitcrush": "Round to fewer bits.",
    "BrickwallLimiter": "Look-ahead limiter; peaks stay below the ceiling.",
    "Chorus": "Modulated short delay beside the dry sound.",
    "Clipping": "Cut what is louder than the threshold.",
    "Compressor": "Turn down what is louder than the threshold.",
    "Convolution": "Convolve with an impulse response from a file.",
    "Delay": "Echo.",
    "Distortion": "Soft clipping (tanh) after a drive gain.",
    "GSMFullRateCompressor": "The sound of a GSM phone.",
    "Gain": "Louder or quieter.",
    "HighShelfFilter": "Raise or lower the highs.",
    "HighpassFilter": "Remove the lows, 6 dB an octave.",
    "Invert": "Turn the polarity.",
    "LadderFilter": "Moog-like filter with resonance and drive.",
    "Limiter": "Two compressors and a clipper.",
    "LowShelfFilter": "Raise or lower the lows.",
    "LowpassFilter": "Remove the highs, 6 dB an octave.",
    "MP3Compressor": "The sound of MP3.",
    "NoiseGate": "Turn down what is quieter than the threshold.",
    "PeakFilter": "Raise or lower a band.",
    "Phaser": "Moving notches beside the dry sound.",
    "PitchShift": "Higher or lower without a change of tempo.",
    "Resample": "The sound of a lower sample rate.",
    "Reverb": "A room.",
}

_PER_CHANNEL = "per channel: on stereo the image moves with the level of each side"
_WHOLE = "works on whole recordings only: no stream, and process loads the whole file"
_GENTLE = "6 dB an octave: at half (or double) the cutoff it takes 7 dB"

# Class → what an engineer would want to be told before using it.
CAUTIONS: dict[str, tuple[str, ...]] = {
    "BrickwallLimiter": (
        "after a burst it stays as far down as that made it while any peak within look-ahead is"
        " over the ceiling: turn loud material down before it",
    ),
    "Compressor": (f"{_PER_CHANNEL}; bus_compressor turns all channels down alike",),
    "Convolution": (
        "the response is normalised; it must be given, as in convolution('room.wav', mix=0.3);"
        " WAV, AIFF and Ogg files",
    ),
    "GSMFullRateCompressor": (_WHOLE,),
    "Gain": ("the default is +1 dB, not 0",),
    "HighpassFilter": (f"{_GENTLE}; high_pass is steeper",),
    "Limiter": (
        "no limiter: it raises quiet sound by 5 dB and lets true peaks through to +3 dB; use"
        " brickwall_limiter(true_peak=True)",
        _PER_CHANNEL,
    ),
    "LowpassFilter": (f"{_GENTLE}; low_pass is steeper",),
    "MP3Compressor": ("8 to 48 kHz, 1 or 2 channels",),
    "NoiseGate": (_PER_CHANNEL,),
    "PitchShift": (_WHOLE,),
    "Reverb": ("wet_level=1 with dry_level=0 is 4 LU louder than the input",),
}


def unit_of(name: str) -> str:
    """Return the unit that a parameter's name tells, or ""."""
    return next((unit for ending, unit in _UNITS.items() if name.endswith(ending)), "")
