"""PyTorch's side of `pnpm bench:peers` (pytorch.ts): builds the layers that the first line describes as JSON, answers,
and then does a training step with Adam, or a prediction, for each further line. Images are NCHW, as PyTorch expects
them; dropout is left out, as in the comparison with jax-js."""
import json
import sys

import torch
from torch import nn
from torch.nn import functional as F


def pair(value):
    return value if isinstance(value, list) else [value, value]


class Padded(nn.Module):
    """Keras's `same`: the odd pixel at the end."""

    def __init__(self, inner, kernel, strides):
        super().__init__()
        self.inner, self.kernel, self.strides = inner, kernel, strides

    def forward(self, x):
        sides = []
        for length, kernel, stride in zip(reversed(x.shape[2:]), reversed(self.kernel), reversed(self.strides)):
            total = max((-(-length // stride) - 1) * stride + kernel - length, 0)
            sides += [total // 2, total - total // 2]
        return self.inner(F.pad(x, sides))


def convolution(layer, channels):
    depthwise = layer["type"] == "DepthwiseConv2D"
    filters = channels if depthwise else layer["filters"]
    kernel, strides = pair(layer["kernelSize"]), pair(layer.get("strides", 1))
    groups = channels if depthwise else 1
    inner = nn.Conv2d(channels, filters, kernel, strides, groups=groups, bias=layer.get("useBias", True))
    padded = Padded(inner, kernel, strides) if layer.get("padding") == "same" else inner
    return activated(layer, padded)


def activated(layer, module):
    return nn.Sequential(module, nn.ReLU()) if layer.get("activation") == "relu" else module


def pooling(layer):
    size = pair(layer.get("poolSize", 2))
    return nn.MaxPool2d(size, pair(layer.get("strides", size)))


def padding(layer):
    (top, bottom), (left, right) = layer["padding"]
    return nn.ZeroPad2d((left, right, top, bottom))


MAKE = {
    "Conv2D": lambda layer, x: convolution(layer, x.shape[1]),
    "DepthwiseConv2D": lambda layer, x: convolution(layer, x.shape[1]),
    "BatchNormalization": lambda layer, x: nn.BatchNorm2d(x.shape[1], eps=layer.get("epsilon", 1e-3)),
    "ReLU": lambda layer, x: nn.ReLU6() if layer.get("maxValue") == 6 else nn.ReLU(),
    "MaxPooling2D": lambda layer, x: pooling(layer),
    "GlobalAveragePooling2D": lambda layer, x: nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten()),
    "ZeroPadding2D": lambda layer, x: padding(layer),
    "Dropout": lambda layer, x: nn.Identity(),
    "Flatten": lambda layer, x: nn.Flatten(),
    "Dense": lambda layer, x: activated(layer, nn.Linear(x.shape[1], layer["units"])),
}


class Net(nn.Module):
    """The graph: each layer is fed by the one before it, or by those that its `inputs` name."""

    def __init__(self, layers, images):
        super().__init__()
        self.described, self.own = layers, nn.ModuleDict()
        values, before = {}, images
        with torch.no_grad():
            for layer in layers:
                inputs = [values[name] for name in layer["inputs"]] if "inputs" in layer else [before]
                if layer["type"] != "Add":
                    self.own[layer["name"]] = MAKE[layer["type"]](layer, inputs[0])
                before = values[layer["name"]] = self.apply_to(layer, inputs)

    def apply_to(self, layer, inputs):
        return sum(inputs) if layer["type"] == "Add" else self.own[layer["name"]](inputs[0])

    def forward(self, x):
        values = {}
        for layer in self.described:
            inputs = [values[name] for name in layer["inputs"]] if "inputs" in layer else [x]
            x = values[layer["name"]] = self.apply_to(layer, inputs)
        return x


asked = json.loads(sys.stdin.readline())
height, width, channels = asked["inputShape"]
images = torch.rand(asked["batch"], channels, height, width)
labels = torch.arange(asked["batch"]) % 10
net = Net(asked["layers"], images)
optimizer = torch.optim.Adam(net.parameters(), lr=0.001, eps=1e-7)


def train():
    optimizer.zero_grad()
    F.cross_entropy(net(images), labels).backward()
    optimizer.step()


def predict():
    with torch.no_grad():
        F.softmax(net(images), 1)


net.train(asked["kind"] == "trainer")
print("ready", flush=True)
for _ in sys.stdin:
    (train if asked["kind"] == "trainer" else predict)()
    print("done", flush=True)
