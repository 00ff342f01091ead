"""Muon for the matrices, AdamW for the embedding and the norms."""

import math

import torch
from network import FEED_FORWARD, WIDTH, compiled

MATRICES = ("wqkv", "wo", "wgu", "wd")
MOMENTUM = 0.95
MATRIX_DECAY = 0.1
MATRIX_STEP = 0.2
ADAM_SHARE = 0.75  # of the learning rate
NEWTON_SCHULZ_STEPS = 5


def orthogonalized(matrices):
    """Brings all singular values near one and keeps the directions (Newton-Schulz iteration)."""
    x = matrices / (matrices.float().norm(dim=(-2, -1), keepdim=True).to(matrices.dtype) + 1e-7)
    for _ in range(NEWTON_SCHULZ_STEPS):
        square = x @ x.transpose(-1, -2)
        x = 3.4445 * x + (-4.7750 * square + 2.0315 * (square @ square)) @ x
    return x


class Optimizer:
    def __init__(self, network, learning_rate):
        self.network = network
        self.learning_rate = learning_rate
        on_cpu = network.device == "cpu"
        p = network.parameters
        self.small = [p["emb"], p["n1"], p["n2"], p["nf"]]
        self.momentum = {name: torch.zeros_like(p[name]) for name in MATRICES}
        self.adam = torch.optim.AdamW(
            [
                {"params": [p["emb"]], "weight_decay": 0.01},
                {"params": [p["n1"], p["n2"], p["nf"]], "weight_decay": 0.0},
            ],
            lr=3e-3,
            betas=(0.9, 0.95),
            eps=1e-10,
            **({} if on_cpu else {"fused": True}),
        )
        self._orthogonalized = compiled(orthogonalized, not on_cpu)

    @torch.no_grad()
    def step(self, factor):
        """Takes one step. `factor` scales the learning rate, 0 to 1."""
        torch.nn.utils.clip_grad_norm_(self.small, 1.0)
        for group in self.adam.param_groups:
            group["lr"] = ADAM_SHARE * self.learning_rate * factor
        self.adam.step()
        directions = self._directions(self._nesterov_updates())
        for name in MATRICES:
            longer_side = WIDTH if name in ("wqkv", "wo") else FEED_FORWARD
            size = self.learning_rate * factor * MATRIX_STEP * math.sqrt(longer_side)
            parameter = self.network.parameters[name]
            parameter.mul_(1 - self.learning_rate * factor * MATRIX_DECAY)
            parameter.add_(directions[name].float(), alpha=-size)
        self.network.forget_gradients()

    def warm_up(self):
        """Compiles for the two shapes of matrices."""
        gradients = {name: self.network.parameters[name].grad for name in MATRICES}
        self._directions(gradients)

    def _nesterov_updates(self):
        updates = {}
        for name in MATRICES:
            gradient = self.network.parameters[name].grad
            momentum = self.momentum[name].mul_(MOMENTUM).add_(gradient, alpha=1 - MOMENTUM)
            updates[name] = gradient.mul(1 - MOMENTUM).add_(momentum, alpha=MOMENTUM)
        return updates

    def _directions(self, updates):
        """Orthogonalises all matrices of one shape in one batch: square and feed-forward ones."""
        layers = self.network.layers
        precision = self.network.precision
        queries_keys_values = updates["wqkv"].reshape(-1, WIDTH, WIDTH)
        squares = torch.cat([queries_keys_values, updates["wo"]])
        gates_and_ups = updates["wgu"].reshape(-1, FEED_FORWARD, WIDTH).transpose(-1, -2)
        wide = torch.cat([gates_and_ups, updates["wd"]])
        squares = self._orthogonalized(squares.to(precision))
        wide = self._orthogonalized(wide.to(precision))
        return {
            "wqkv": squares[: 3 * layers].reshape(layers, 3 * WIDTH, WIDTH),
            "wo": squares[3 * layers :],
            "wgu": wide[: 2 * layers].transpose(-1, -2).reshape(layers, 2 * FEED_FORWARD, WIDTH),
            "wd": wide[2 * layers :],
        }

    def state(self):
        return {"mom": self.momentum, "adam": self.adam.state_dict()}

    @torch.no_grad()
    def load_state(self, state):
        for name in MATRICES:
            self.momentum[name].copy_(state["mom"][name])
        self.adam.load_state_dict(state["adam"])
