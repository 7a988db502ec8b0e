# SPDX-License-Identifier: GPL-3.0-or-later
"""The README's table of denoisers, drawn from the committed results.

    python -m neuralboard.benchmarks.readme_table [PROJECT]      # writes it into README.md

A test compares the README with what this draws, so that no figure there can be older than the
results beside it.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

__all__ = ["BEGIN", "END", "RESULTS", "render"]

RESULTS = Path("benchmarks") / "results" / "results.json"

BEGIN, END = "<!-- denoisers: begin -->", "<!-- denoisers: end -->"
NAMES = {
    "noisy": "noisy",
    "spectral_gate": "SpectralGate (classic)",
    "spectral_subtraction": "SpectralSubtraction (classic)",
    "wiener_denoiser": "WienerDenoiser (classic)",
    "noisereduce": "noisereduce",
    "webrtc_ns": "WebRTC NS",
    "rnnoise": "RNNoise",
    "dtln": "DTLN",
    "gtcrn": "GTCRN",
    "ul_unas": "UL-UNAS",
    "deepfilternet3": "DeepFilterNet3",
    "denoiser": "**nb.Denoiser**",
}
COLUMNS = {
    "pesq_wb": ("PESQ-WB", "{:.2f}"),
    "estoi": ("ESTOI", "{:.3f}"),
    "si_sdr_aligned": ("SI-SDR dB", "{:.1f}"),
    "dnsmos_ovrl": ("DNSMOS", "{:.2f}"),
    "lsd": ("LSD dB", "{:.1f}"),
    "speech_level": ("speech level dB", "{:+.1f}"),
}


def render(results: dict[str, Any]) -> str:
    """Return the Markdown table of a results.json of `neuralboard bench denoise`."""
    means = {box.split("(")[0]: values for box, values in results["denoise"]["means"].items()}
    lines = [
        "| | " + " | ".join(title for title, _ in COLUMNS.values()) + " |",
        "|---|" + "---|" * len(COLUMNS),
    ]
    for box, title in NAMES.items():
        if box in means:
            cells = [form.format(means[box][name]["mean"]) for name, (_, form) in COLUMNS.items()]
            lines.append(f"| {title} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main(project: Path) -> None:
    """Write the table into the README."""
    results = project / RESULTS
    readme = project / "README.md"
    text = readme.read_text(encoding="utf-8")
    head, rest = text.split(BEGIN)
    tail = rest.split(END)[1]
    table = render(json.loads(results.read_text(encoding="utf-8")))
    readme.write_text(f"{head}{BEGIN}\n{table}\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "."))
