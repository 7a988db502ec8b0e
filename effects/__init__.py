# SPDX-License-Identifier: GPL-3.0-or-later
"""The boxes of neuralboard: classic, neural and peers, one file a box."""

if not __name__.startswith("neuralboard."):
    raise ImportError(
        f"this folder was imported as '{__name__}', but it is 'neuralboard.effects': "
        "install the project (pip install -e .) and import it under that name"
    )

__all__ = ["BOXES"]

BOXES = {
    "box": "neuralboard.box:Box",
    "bus_compressor": "neuralboard.effects.dynamics.bus_compressor:BusCompressor",
    "center_extractor": "neuralboard.effects.classic.center_extractor:CenterExtractor",
    "de_esser": "neuralboard.effects.dynamics.de_esser:DeEsser",
    "denoiser": "neuralboard.effects.neural.denoiser:Denoiser",
    "harmonic_percussive": "neuralboard.effects.classic.harmonic_percussive:HarmonicPercussive",
    "high_pass": "neuralboard.effects.filters.high_pass:HighPass",
    "hum_filter": "neuralboard.effects.filters.hum_filter:HumFilter",
    "low_pass": "neuralboard.effects.filters.low_pass:LowPass",
    "neural_effect": "neuralboard.effects.neural.neural_effect:NeuralEffect",
    "spectral_gate": "neuralboard.effects.classic.spectral_gate:SpectralGate",
    "spectral_subtraction": "neuralboard.effects.classic.spectral_subtraction:SpectralSubtraction",
    "rnnoise": "neuralboard.effects.peers.rnnoise:RNNoise",
    "deepfilternet3": "neuralboard.effects.peers.deepfilternet3:DeepFilterNet3",
    "webrtc_ns": "neuralboard.effects.peers.webrtc_ns:WebrtcNS",
    "noisereduce": "neuralboard.effects.peers.noisereduce:Noisereduce",
    "dtln": "neuralboard.effects.peers.dtln:DTLN",
    "gtcrn": "neuralboard.effects.peers.gtcrn:GTCRN",
    "ul_unas": "neuralboard.effects.peers.ul_unas:ULUNAS",
    "wiener_denoiser": "neuralboard.effects.classic.wiener_denoiser:WienerDenoiser",
}
"""Name in chain text → where the class lives. A new box of ours is one line here."""
