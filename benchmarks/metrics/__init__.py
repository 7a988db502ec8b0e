# SPDX-License-Identifier: GPL-3.0-or-later
"""What speech enhancement is judged by, one metric a file, each a plain function of arrays.

All take `reference` (the clean speech as the room gave it) and `estimate`, mono `[samples]` of one
length, already aligned by the latency that the box declares. Levels are full scale = 1.

============== ================== ========= ====================================================
metric         best               bandwidth blind to
============== ================== ========= ====================================================
`pesq_wb`      4.64               8 kHz     gain, all above 8 kHz; aligns by itself
`stoi` `estoi` 1                  5 kHz     gain, all above 5 kHz
`si_sdr`       inf dB             full      gain; one sample of delay costs it several dB
`dnsmos`       about 3.3 (of 5)   8 kHz     wrong words; it likes too much suppression
`lsd`          0 dB               full      phase
`speech_level` 0 dB               full      everything but the level of the speech
============== ================== ========= ====================================================

So none of them decides alone: a claim needs at least three that agree.
"""

from neuralboard.benchmarks.metrics.alignment import align, best_lag, shift
from neuralboard.benchmarks.metrics.dnsmos import dnsmos, dnsmos_of
from neuralboard.benchmarks.metrics.lsd import lsd
from neuralboard.benchmarks.metrics.pesq_wb import pesq_wb
from neuralboard.benchmarks.metrics.si_sdr import si_sdr, si_sdr_aligned
from neuralboard.benchmarks.metrics.speech_level import active_level_db, speech_level
from neuralboard.benchmarks.metrics.stoi import estoi, stoi

__all__ = [
    "active_level_db",
    "align",
    "best_lag",
    "dnsmos",
    "dnsmos_of",
    "estoi",
    "lsd",
    "pesq_wb",
    "shift",
    "si_sdr",
    "si_sdr_aligned",
    "speech_level",
    "stoi",
]
