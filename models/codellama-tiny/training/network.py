"""The network: a small Llama, and its loss."""

import math

import torch
import torch.nn.functional as F
from vocabulary import VOCABULARY_SIZE

WIDTH, HEADS, FEED_FORWARD = 256, 4, 768
HEAD_SIZE = WIDTH // HEADS
ROPE_BASE, NORM_EPSILON = 1e6, 1e-5
INITIAL_DEVIATION = 0.02
LOSS_ROWS = 32768  # number of tokens whose logits are in memory at the same time
IGNORED = -100  # target that the loss ignores


def compiled(function, enabled):
    return torch.compile(function, dynamic=False) if enabled else function


def rms_norm(x, weight):
    y = x.float()
    scale = torch.rsqrt(y.pow(2).mean(-1, keepdim=True) + NORM_EPSILON)
    return (y * scale * weight).to(x.dtype)


def rotate(x, cos, sin):
    """RoPE on neighbouring pairs, like llama.cpp's llama architecture."""
    pairs = x.float().reshape(*x.shape[:-1], HEAD_SIZE // 2, 2)
    a, b = pairs[..., 0], pairs[..., 1]
    turned = torch.stack((a * cos - b * sin, a * sin + b * cos), -1)
    return turned.reshape(x.shape).to(x.dtype)


def causal_attention(q, k, v):
    if hasattr(F, "scaled_dot_product_attention"):
        return F.scaled_dot_product_attention(q, k, v, is_causal=True)
    scores = q @ k.transpose(-1, -2) / math.sqrt(q.shape[-1])  # PyTorch 1, for a dry run
    mask = torch.full(scores.shape[-2:], -1e9).triu(1)
    return (scores + mask).softmax(-1) @ v


def block(x, n1, wqkv, wo, n2, wgu, wd, cos, sin):
    """One layer: attention and gated feed-forward network, each added to the residual stream."""
    batch, length, _ = x.shape
    qkv = F.linear(rms_norm(x, n1), wqkv).view(batch, length, 3, HEADS, HEAD_SIZE)
    q, k, v = qkv.unbind(2)
    q = rotate(q, cos, sin).transpose(1, 2)
    k = rotate(k, cos, sin).transpose(1, 2)
    y = causal_attention(q, k, v.transpose(1, 2))
    x = x + F.linear(y.transpose(1, 2).reshape(batch, length, WIDTH), wo)
    gate, up = F.linear(rms_norm(x, n2), wgu).chunk(2, -1)
    return x + F.linear(F.silu(gate) * up, wd)


def summed_loss(x, norm, embedding, targets, token_weights):
    logits = F.linear(rms_norm(x, norm), embedding).float()
    return F.cross_entropy(
        logits, targets, weight=token_weights, ignore_index=IGNORED, reduction="sum"
    )


def rope_angles(context, device):
    positions = torch.arange(context, device=device).float()
    steps = torch.arange(0, HEAD_SIZE, 2, device=device).float()
    return positions[:, None] * (ROPE_BASE ** (-steps / HEAD_SIZE))[None]


class Network:
    """Parameters and forward pass: float32 on the CPU, compiled bfloat16 on a GPU."""

    def __init__(self, layers, context, on_cpu):
        self.layers = layers
        self.device = "cpu" if on_cpu else "cuda"
        self.precision = torch.float32 if on_cpu else torch.bfloat16
        self.parameters = self._initial_parameters()
        angles = rope_angles(context, self.device)
        self.cos = angles.cos()[None, :, None, :]
        self.sin = angles.sin()[None, :, None, :]
        self.equal_weights = torch.ones(VOCABULARY_SIZE, device=self.device)
        self._block = compiled(block, not on_cpu)
        self._summed_loss = compiled(summed_loss, not on_cpu)

    def _initial_parameters(self):
        layers = self.layers
        shapes = {
            "emb": (VOCABULARY_SIZE, WIDTH),  # input and output
            "wqkv": (layers, 3 * WIDTH, WIDTH),
            "wo": (layers, WIDTH, WIDTH),
            "wgu": (layers, 2 * FEED_FORWARD, WIDTH),
            "wd": (layers, WIDTH, FEED_FORWARD),
            "n1": (layers, WIDTH),
            "n2": (layers, WIDTH),
            "nf": (WIDTH,),
        }
        torch.manual_seed(1)
        parameters = {}
        for name, shape in shapes.items():
            if is_norm(name):
                values = torch.ones(shape)
            else:
                values = torch.randn(shape) * INITIAL_DEVIATION
                if name in ("wo", "wd"):
                    values /= math.sqrt(2 * layers)
            parameters[name] = torch.nn.Parameter(values.to(self.device))
        return parameters

    def loss(self, inputs, targets, token_weights=None):
        """The summed cross-entropy of a batch."""
        weights = self.equal_weights if token_weights is None else token_weights
        length = inputs.shape[1]
        cos, sin = self.cos[:, :length], self.sin[:, :length]
        p = self.parameters
        embedding = p["emb"].to(self.precision)
        x = F.embedding(inputs, embedding)
        matrices = ("wqkv", "wo", "wgu", "wd")
        wqkv, wo, wgu, wd = (p[name].to(self.precision).unbind(0) for name in matrices)
        n1, n2 = p["n1"].unbind(0), p["n2"].unbind(0)
        for i in range(self.layers):
            x = self._block(x, n1[i], wqkv[i], wo[i], n2[i], wgu[i], wd[i], cos, sin)
        x, targets = x.reshape(-1, WIDTH), targets.reshape(-1)
        total = 0.0
        for start in range(0, x.shape[0], LOSS_ROWS):
            rows = slice(start, start + LOSS_ROWS)
            total = total + self._summed_loss(x[rows], p["nf"], embedding, targets[rows], weights)
        return total

    def forget_gradients(self):
        for parameter in self.parameters.values():
            parameter.grad = None

    def arrays(self):
        """The matrices as float16 arrays, the norms as float32 arrays."""
        arrays = {}
        for name, parameter in self.parameters.items():
            values = parameter.detach()
            values = values.float() if is_norm(name) else values.half()
            arrays[name] = values.cpu().numpy()
        return arrays

    @torch.no_grad()
    def set_arrays(self, arrays):
        """Loads weights: float16, or int8 with one scale per row (`NAME_s`)."""
        for name, parameter in self.parameters.items():
            values = arrays[name].astype("float32")
            if name + "_s" in arrays:
                values = values * arrays[name + "_s"]
            parameter.copy_(torch.from_numpy(values))


def is_norm(name):
    return name.startswith("n")
