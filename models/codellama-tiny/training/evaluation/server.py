"""Greedy generation by a running llama-server."""

import json
import urllib.request

TIMEOUT = 120  # seconds


class LlamaServer:
    def __init__(self, url):
        self.url = url

    def generate(self, prompt, max_tokens, alternatives=0):
        """The server's answer to a prompt of tokens: `content`, `tokens`, `stop_type` and more.

        With alternatives, `completion_probabilities` tells the likeliest tokens at each place.
        """
        body = {
            "prompt": prompt,
            "n_predict": max_tokens,
            "temperature": 0,
            "top_k": 1,
            "return_tokens": True,
            "n_probs": alternatives,
            "cache_prompt": False,
        }
        request = urllib.request.Request(
            self.url + "/completion",
            json.dumps(body).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=TIMEOUT) as response:
            return json.load(response)
