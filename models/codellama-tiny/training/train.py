#!/usr/bin/env python3
"""Trains codellama-tiny from scratch (PyTorch >= 2.5 on one GPU; --cpu for a dry run).

Phase A: warm-up and a constant learning rate. Phase B resumes from the saved state and decays to
zero. Phase C starts from weights, trains mostly on infill with the loss on the middle only
(TINY_MASK=1), and decays to zero. Each ends by the clock. The weights come out as float16 (norms
float32) in OUT/weights.npz, a log in OUT/log_PHASE.json.
"""

import argparse
import glob
import json
import multiprocessing
import os
import time

import numpy as np
import torch
from examples.shards import held_out_sets, work
from examples.tokens import CONTEXT, NO_LOSS, load_tokenizer
from network import IGNORED, Network
from optimizer import Optimizer
from schedule import learning_rate_factor
from shard_reader import ShardReader
from vocabulary import EOS, EOT, VOCABULARY_SIZE

STARTED = time.time()
EVALUATE_EVERY = 75  # seconds
LOG_EVERY = 100  # steps
SYNCHRONIZE_EVERY = 20  # steps
DRY_RUN_STEPS = 3
STOP_WEIGHT = 3.0  # phase C: weight of the end token in the loss


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--phase", default="A", choices=("A", "B", "C"))
    parser.add_argument("--seconds", type=float, default=560)
    parser.add_argument("--data", default="./data", help="train*.jsonl, val.jsonl, spm.model")
    parser.add_argument("--state", default="./state.pt")
    parser.add_argument("--shards", default="./shards", help="folder for shards; emptied first")
    parser.add_argument("--out", default=os.environ.get("OUT", "out"))
    parser.add_argument("--workers", type=int, default=16)
    parser.add_argument("--batch", type=int, default=64)
    parser.add_argument("--seed", default="a")
    parser.add_argument("--init", default="", help="weights.npz to start from, without a state")
    parser.add_argument("--decay-from", type=float, default=0.35)
    parser.add_argument("--lr", type=float, default=4e-3)
    parser.add_argument("--cpu", action="store_true")
    parser.add_argument("--layers", type=int, default=20)
    return parser.parse_args()


def elapsed():
    return time.time() - STARTED


def say(text):
    print(f"{elapsed():.1f}s {text}", flush=True)


def start_workers(options):
    """Starts the processes that tokenise, and loads the held-out sets in the meantime."""
    os.makedirs(options.shards, exist_ok=True)
    os.makedirs(options.out, exist_ok=True)
    for path in glob.glob(options.shards + "/*"):
        os.remove(path)
    with open(os.path.join(options.shards, "current"), "w") as current:
        current.write("0")
    files = sorted(glob.glob(options.data + "/train*.jsonl"))
    tokenizer = options.data + "/spm.model"
    fork = multiprocessing.get_context("fork")
    endless = 99
    workers = [
        fork.Process(
            target=work,
            args=(index, options.workers, files, tokenizer, options.shards, options.seed, endless),
            daemon=True,
        )
        for index in range(options.workers)
    ]
    for worker in workers:
        worker.start()
    load_tokenizer(tokenizer)
    held_out = held_out_sets(options.data + "/val.jsonl", 2 if options.cpu else 96)
    say(f"held out: plain {held_out[0].shape}, infill {held_out[1].shape}")
    return workers, held_out


class Training:
    def __init__(self, options):
        self.options = options
        self.network = Network(options.layers, CONTEXT, options.cpu)
        self.optimizer = Optimizer(self.network, options.lr)
        self.token_weights = torch.ones(VOCABULARY_SIZE, device=self.network.device)
        if options.phase == "C":
            self.token_weights[EOT] = STOP_WEIGHT
        self.steps = self.tokens = 0

    def to_device(self, sequences):
        """Inputs and targets of packed sequences."""
        tokens = torch.from_numpy(sequences.astype(np.int64))
        if not self.options.cpu:
            tokens = tokens.pin_memory().to(self.network.device, non_blocking=True)
        inputs, targets = tokens[:, :-1] & (NO_LOSS - 1), tokens[:, 1:]
        targets = torch.where(targets >= NO_LOSS, torch.full_like(targets, IGNORED), targets)
        return inputs.contiguous(), targets.contiguous()

    @torch.no_grad()
    def evaluate(self, rows):
        """The loss for each token, in nats."""
        size = 2 if self.options.cpu else 32
        whole = len(rows) - len(rows) % size if len(rows) >= size else len(rows)
        total = count = 0.0
        for start in range(0, whole, size):
            inputs, targets = self.to_device(rows[start : start + size])
            is_padding = (inputs == EOS) & (targets == EOS)
            targets = torch.where(is_padding, torch.full_like(targets, IGNORED), targets)
            total += self.network.loss(inputs, targets).item()
            count += (targets >= 0).sum().item()
        return total / count

    def load(self):
        """Loads the state of phase A, other weights, or both."""
        options = self.options
        if options.phase == "B":
            state = torch.load(options.state, map_location=self.network.device)
            with torch.no_grad():
                for name, parameter in self.network.parameters.items():
                    parameter.copy_(state["P"][name])
            self.optimizer.load_state(state)
            self.steps, self.tokens = state["step"], state["tokens"]
            print("resumed at step", self.steps, "tokens", self.tokens, flush=True)
        if options.init:
            self.network.set_arrays(dict(np.load(options.init)))

    def save(self, log, result):
        options = self.options
        np.savez(os.path.join(options.out, "weights.npz"), **self.network.arrays())
        with open(os.path.join(options.out, f"log_{options.phase}.json"), "w") as file:
            json.dump({"args": vars(options), "log": log, "result": result}, file)
        parameters = {name: p.detach() for name, p in self.network.parameters.items()}
        state = {"P": parameters, "step": self.steps, "tokens": self.tokens}
        torch.save({**state, **self.optimizer.state()}, options.state)
        say("saved")

    def compile(self, held_out):
        """Compiles while the workers tokenise."""
        batch = self.options.batch
        x = torch.randint(3, 32000, (batch, CONTEXT + 1), device=self.network.device)
        loss = self.network.loss(x[:, :-1].contiguous(), x[:, 1:].contiguous())
        (loss / (batch * CONTEXT)).backward()
        self.optimizer.warm_up()
        self.network.forget_gradients()
        self.evaluate(held_out[0][:32])
        if self.options.phase == "C":
            print("before", *map(self.evaluate, held_out), flush=True)
        say("compiled")

    def step(self, sequences, progress):
        """One step; returns its mean loss and the schedule's factor."""
        options = self.options
        factor = learning_rate_factor(options.phase, self.steps, progress, options.decay_from)
        inputs, targets = self.to_device(sequences)
        loss = self.network.loss(inputs, targets, self.token_weights) / (targets >= 0).sum()
        loss.backward()
        self.optimizer.step(factor)
        self.steps += 1
        self.tokens += targets.numel()
        if self.steps % SYNCHRONIZE_EVERY == 0 and not options.cpu:
            torch.cuda.synchronize()  # so that the host's clock includes the GPU's work
        return loss.detach(), factor

    def run(self, reader, held_out):
        """Trains until the time is over. Returns the log."""
        options = self.options
        begun = last = last_evaluation = time.time()
        first_step = self.steps
        log, losses = [], []
        for sequences in reader.batches(options.batch):
            now = time.time()
            if elapsed() >= options.seconds:
                break
            progress = (now - begun) / (options.seconds - (begun - STARTED))
            loss, factor = self.step(sequences, progress)
            losses.append(loss)
            if self.steps % LOG_EVERY == 0 or options.cpu:
                tokens = len(losses) * sequences[:, 1:].size
                line = {
                    "t": round(elapsed(), 1),
                    "step": self.steps,
                    "tokens": self.tokens,
                    "loss": round(torch.stack(losses).mean().item(), 4),
                    "f": round(factor, 3),
                    "ktok_s": round(tokens / (time.time() - last) / 1e3),
                }
                if time.time() - last_evaluation > EVALUATE_EVERY:
                    line["val"], line["val_fim"] = (round(self.evaluate(s), 4) for s in held_out)
                    last_evaluation = time.time()
                losses, last = [], time.time()
                print(json.dumps(line), flush=True)
                log.append(line)
            if options.cpu and self.steps - first_step >= DRY_RUN_STEPS:
                break
        return log

    def result(self, held_out):
        plain, infill = map(self.evaluate, held_out)
        result = {
            "phase": self.options.phase,
            "step": self.steps,
            "tokens": self.tokens,
            "val_plain": plain,
            "val_fim": infill,
            "seconds": elapsed(),
        }
        if not self.options.cpu:
            result["gpu"] = torch.cuda.get_device_name()
            result["torch"] = torch.__version__
            result["max_mem_gb"] = torch.cuda.max_memory_allocated() / 1e9
        print("RESULT", json.dumps(result), flush=True)
        return result


def main():
    options = read_arguments()
    workers, held_out = start_workers(options)
    seed = hash(options.seed) % 1000 if options.cpu else abs(hash(options.phase)) % 100000
    training = Training(options)
    training.load()
    training.compile(held_out)
    deadline = STARTED + options.seconds
    reader = ShardReader(options.shards, workers, np.random.default_rng(seed), deadline, say)
    log = training.run(reader, held_out)
    training.save(log, training.result(held_out))
    for worker in workers:
        worker.terminate()


if __name__ == "__main__":
    main()
