"""Writes keras-optimizers.json: what Keras 3.15.1 makes of given gradients, in float64.

Run with KERAS_BACKEND=jax JAX_ENABLE_X64=1, with keras==3.15.1 and jax installed.
"""

import json
import math
import pathlib
import re

import keras
import numpy as np

keras.config.set_floatx("float64")

# Three weights with ragged lengths, of which one is longer than a block of the flat buffers.
WEIGHTS = {"bias": 5, "kernel": 66, "gamma": 2}
STEPS = 8

optimizers = keras.optimizers
schedules = keras.optimizers.schedules

SCHEDULES = {
    "cosineDecay": schedules.CosineDecay,
    "cosineDecayRestarts": schedules.CosineDecayRestarts,
    "exponentialDecay": schedules.ExponentialDecay,
    "inverseTimeDecay": schedules.InverseTimeDecay,
    "piecewiseConstantDecay": schedules.PiecewiseConstantDecay,
    "polynomialDecay": schedules.PolynomialDecay,
}

COSINE = {
    "type": "cosineDecay",
    "initialLearningRate": 0.01,
    "decaySteps": 5,
    "alpha": 0.1,
    "warmupTarget": 0.05,
    "warmupSteps": 2,
}

# As this project spells them.
OPTIMIZERS = [
    {"type": "SGD", "momentum": 0.9, "nesterov": True, "clipvalue": 0.3},
    {"type": "SGD", "weightDecay": 0.5, "excludeFromWeightDecay": ["bias"], "learningRate": 0.1},
    {"type": "SGD", "useEma": True, "learningRate": COSINE},
    {"type": "Adam"},
    {"type": "Adam", "clipnorm": 1, "learningRate": 0.01},
    {"type": "Adam", "globalClipnorm": 2, "beta1": 0.8, "beta2": 0.95, "epsilon": 0.001},
    {"type": "Adam", "useEma": True, "emaMomentum": 0.8, "learningRate": 0.01},
    {"type": "Adam", "useEma": True, "emaMomentum": 0.9, "emaOverwriteFrequency": 3, "learningRate": 0.01},
    {"type": "Adam", "amsgrad": True, "beta2": 0.5, "learningRate": 0.01},
    {"type": "AdamW"},
    {"type": "AdamW", "amsgrad": True, "beta2": 0.8, "globalClipnorm": 2},
    {"type": "AdamW", "weightDecay": 0.1, "excludeFromWeightDecay": ["bias", "gamma"], "learningRate": COSINE},
    {"type": "RMSprop"},
    {"type": "RMSprop", "rho": 0.8, "momentum": 0.9, "epsilon": 0.001},
    {"type": "RMSprop", "centered": True, "weightDecay": 0.2},
    {"type": "RMSprop", "centered": True, "momentum": 0.5, "clipvalue": 0.7},
    {"type": "Nadam"},
    {"type": "Nadam", "beta1": 0.8, "beta2": 0.99, "epsilon": 0.01, "globalClipnorm": 1.5, "weightDecay": 0.1},
]

RATES = [
    {"type": "cosineDecay", "initialLearningRate": 0.1, "decaySteps": 10},
    COSINE,
    {"type": "cosineDecayRestarts", "initialLearningRate": 0.1, "firstDecaySteps": 4},
    {"type": "cosineDecayRestarts", "initialLearningRate": 0.1, "firstDecaySteps": 3, "tMul": 1.5, "mMul": 0.8, "alpha": 0.1},
    {"type": "cosineDecayRestarts", "initialLearningRate": 0.1, "firstDecaySteps": 4, "tMul": 1, "mMul": 0.5},
    {"type": "exponentialDecay", "initialLearningRate": 0.1, "decaySteps": 4, "decayRate": 0.5},
    {"type": "exponentialDecay", "initialLearningRate": 0.1, "decaySteps": 4, "decayRate": 0.5, "staircase": True},
    {"type": "inverseTimeDecay", "initialLearningRate": 0.1, "decaySteps": 4, "decayRate": 0.5},
    {"type": "inverseTimeDecay", "initialLearningRate": 0.1, "decaySteps": 4, "decayRate": 0.5, "staircase": True},
    {"type": "piecewiseConstantDecay", "boundaries": [3, 10], "values": [0.1, 0.05, 0.01]},
    {"type": "polynomialDecay", "initialLearningRate": 0.1, "decaySteps": 10},
    {"type": "polynomialDecay", "initialLearningRate": 0.1, "decaySteps": 10, "power": 0.5, "endLearningRate": 0.01},
]
RATE_STEPS = [0, 1, 2, 3, 4, 5, 7, 8, 10, 11, 12, 20, 27, 28, 100]


def snake(options):
    names = {key: re.sub("([A-Z0-9])", r"_\1", key).lower() for key in options}
    return {names[key]: value for key, value in options.items() if key != "type"}


def schedule(options):
    # Python's own numbers would be made float32.
    exact = {key: np.float64(value) if isinstance(value, float) else value for key, value in snake(options).items()}
    return SCHEDULES[options["type"]](**exact)


def start(name):
    return np.array([math.cos(i + len(name)) for i in range(WEIGHTS[name])])


def gradient(name, step):
    return np.array([math.sin(3 * i + 7 * step + len(name)) * (1 + i % 3) / 2 for i in range(WEIGHTS[name])])


def trained(options):
    options = dict(options)
    excluded = options.pop("excludeFromWeightDecay", None)
    if isinstance(options.get("learningRate"), dict):
        options["learningRate"] = schedule(options["learningRate"])
    optimizer = getattr(optimizers, options["type"])(**snake(options))
    if excluded:
        optimizer.exclude_from_weight_decay(var_names=excluded)
    variables = [keras.Variable(start(name), name=name, dtype="float64") for name in WEIGHTS]
    optimizer.build(variables)
    for step in range(STEPS):
        optimizer.apply([gradient(name, step) for name in WEIGHTS], variables)
    before = [np.asarray(variable).copy() for variable in variables]
    optimizer.finalize_variable_values(variables)
    picked = [value[i] for value in before for i in sorted({0, 1, len(value) - 1})]
    final = [np.asarray(value)[i] for value in variables for i in sorted({0, 1, len(np.asarray(value)) - 1})]
    return [float(x) for x in picked], [float(x) for x in final]


result = {
    "keras": keras.__version__,
    "steps": STEPS,
    "optimizers": [],
    "rateSteps": RATE_STEPS,
    "schedules": [
        {"options": options, "rates": [float(schedule(options)(np.int64(step))) for step in RATE_STEPS]} for options in RATES
    ],
}
for options in OPTIMIZERS:
    last, final = trained(options)
    result["optimizers"].append({"options": options, "weights": last, "final": final})
text = json.dumps(result, indent=2)
# Lists of numbers on one line.
text = re.sub(r"\[\s+([^\[\]{}]*?)\s+\]", lambda match: "[" + re.sub(r"\s+", " ", match[1]) + "]", text)
pathlib.Path(__file__).with_suffix(".json").write_text(text + "\n")
