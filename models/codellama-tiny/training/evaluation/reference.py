"""A forward pass in PyTorch and float32, independent of the training's code and of llama.cpp."""

import math

import numpy as np
import torch
import torch.nn.functional as F
from vocabulary import EOS, EOT

WIDTH, LAYERS, HEADS = 256, 20, 4
HEAD_SIZE = WIDTH // HEADS
CONTEXT = 2048
ROPE_BASE, NORM_EPSILON = 1e6, 1e-5


class Reference:
    def __init__(self, path):
        arrays = np.load(path)
        self.weights = {name: torch.from_numpy(arrays[name].astype(np.float32)) for name in arrays}
        steps = torch.arange(0, HEAD_SIZE, 2).double()
        angles = torch.arange(CONTEXT).double()[:, None] * (ROPE_BASE ** (-steps / HEAD_SIZE))[None]
        self.cos, self.sin = angles.cos().float(), angles.sin().float()

    def _rotate(self, x, first_position):
        length = x.shape[0]
        pairs = x.reshape(length, HEADS, HEAD_SIZE // 2, 2)
        a, b = pairs[..., 0], pairs[..., 1]
        positions = slice(first_position, first_position + length)
        cos, sin = self.cos[positions, None], self.sin[positions, None]
        return torch.stack((a * cos - b * sin, a * sin + b * cos), -1).reshape(x.shape)

    def _attention(self, q, k, v):
        scores = q @ k.transpose(1, 2) / math.sqrt(HEAD_SIZE)
        rows, columns = scores.shape[1:]
        mask = torch.full((rows, columns), float("-inf")).triu(columns - rows + 1)
        y = (scores + mask).softmax(-1) @ v
        return y.transpose(0, 1).reshape(-1, WIDTH)

    @torch.no_grad()
    def logits(self, tokens, cache):
        """The logits after each token, and the KV cache with the new tokens."""
        w = self.weights
        first_position = cache[0][0].shape[1] if cache else 0
        x = w["emb"][torch.tensor(tokens)]
        new_cache = []
        for i in range(LAYERS):
            qkv = F.linear(rms_norm(x, w["n1"][i]), w["wqkv"][i])
            q, k, v = qkv.view(-1, 3, HEADS, HEAD_SIZE).unbind(1)
            q = self._rotate(q, first_position).transpose(0, 1)
            k = self._rotate(k, first_position).transpose(0, 1)
            v = v.transpose(0, 1)
            if cache:
                k = torch.cat([cache[i][0], k], 1)
                v = torch.cat([cache[i][1], v], 1)
            new_cache.append((k, v))
            x = x + F.linear(self._attention(q, k, v), w["wo"][i])
            gate, up = F.linear(rms_norm(x, w["n2"][i]), w["wgu"][i]).chunk(2, -1)
            x = x + F.linear(F.silu(gate) * up, w["wd"][i])
        return F.linear(rms_norm(x, w["nf"]), w["emb"]), new_cache

    def greedy(self, prompt, max_tokens):
        """The likeliest tokens, and the gap of each to the second best."""
        generated, gaps, cache, tokens = [], [], None, prompt
        for _ in range(max_tokens):
            logits, cache = self.logits(tokens, cache)
            best, second = logits[-1].topk(2).values.tolist()
            token = int(logits[-1].argmax())
            generated.append(token)
            gaps.append(best - second)
            if token in (EOS, EOT):
                break
            tokens = [token]
        return generated, gaps


def rms_norm(x, weight):
    return x * torch.rsqrt(x.pow(2).mean(-1, keepdim=True) + NORM_EPSILON) * weight
