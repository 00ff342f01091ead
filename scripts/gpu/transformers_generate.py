"""Measures Hugging Face transformers with a model of Code Llama 7B's shape in bfloat16.

The weights are random, sampling is greedy, and all sequences of a batch have the same length. Prints
one line of JSON per sample.

    python3 transformers_generate.py REPETITIONS BATCH...
"""

import json
import sys
import time

import torch
from transformers import LlamaConfig, LlamaForCausalLM

PROMPT_TOKENS = 64
NEW_TOKENS = 128


def make_model():
    config = LlamaConfig(
        vocab_size=32016,
        hidden_size=4096,
        intermediate_size=11008,
        num_hidden_layers=32,
        num_attention_heads=32,
        max_position_embeddings=16384,
        dtype=torch.bfloat16,
    )
    with torch.device("cuda"):
        torch.set_default_dtype(torch.bfloat16)
        return LlamaForCausalLM(config).eval()


def seconds_to_generate(model, batch):
    prompt = torch.randint(300, 32000, (batch, PROMPT_TOKENS), device="cuda")
    torch.cuda.synchronize()
    started = time.perf_counter()
    tokens = model.generate(
        prompt,
        attention_mask=torch.ones_like(prompt),
        max_new_tokens=NEW_TOKENS,
        min_new_tokens=NEW_TOKENS,
        do_sample=False,
        pad_token_id=2,
    )
    torch.cuda.synchronize()
    assert tokens.shape == (batch, PROMPT_TOKENS + NEW_TOKENS)
    return time.perf_counter() - started


def main():
    repetitions, *batches = map(int, sys.argv[1:])
    model = make_model()
    seconds_to_generate(model, 1)  # the first call compiles kernels
    for batch in batches:
        for _ in range(repetitions):
            seconds = seconds_to_generate(model, batch)
            sample = {"streams": batch, "tokensPerSecond": batch * NEW_TOKENS / seconds}
            print(json.dumps(sample), flush=True)


main()
