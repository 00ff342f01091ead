#!/usr/bin/env python3
"""Converts the training's weights to a GGUF file in CodeLlama's format (llama architecture, f16).

    convert.py weights.npz ggml-vocab-llama-spm.gguf codellama-tiny-f16.gguf

The training turns neighbouring pairs in RoPE, as Meta's code and llama.cpp's llama architecture do,
so queries and keys need no permutation here.
"""

import sys

import numpy as np
from vocabulary import BOS, EOS, EOT, MID, PRE, SUF, VOCABULARY_SIZE, read_vocabulary

import gguf  # after vocabulary, which adds its folder to the path

HEADS = 4
CONTEXT = 2048
ROPE_BASE = 1e6
NORM_EPSILON = 1e-5
DESCRIPTION = (
    "A toy model of 25M parameters in CodeLlama's format, trained from scratch on permissively "
    "licensed Python, JavaScript and TypeScript. It shares no weights with Meta's Code Llama. For "
    "tests and demonstrations."
)

CHAT_TEMPLATE = (
    "{%- if messages[0]['role'] == 'system' -%}"
    "{%- set system = '<<SYS>>\\n' + messages[0]['content'] + '\\n<</SYS>>\\n\\n' -%}"
    "{%- set turns = messages[1:] -%}"
    "{%- else -%}{%- set system = '' -%}{%- set turns = messages -%}{%- endif -%}"
    "{%- for turn in turns -%}"
    "{%- if turn['role'] == 'user' -%}"
    "{{- bos_token + '[INST] ' + (system if loop.first else '') "
    "+ (turn['content'] | trim) + ' [/INST]' -}}"
    "{%- elif turn['role'] == 'assistant' -%}"
    "{{- ' ' + (turn['content'] | trim) + ' ' + eos_token -}}"
    "{%- endif -%}"
    "{%- endfor -%}"
)


def describe_model(writer):
    """Writes the model's name, licence and purpose."""
    writer.add_type("model")
    writer.add_name("codellama-tiny")
    writer.add_size_label("25M")
    writer.add_description(DESCRIPTION)
    writer.add_license("mit")
    writer.add_languages(["en"])
    writer.add_tags(["code", "infill", "chat", "toy-model"])


def describe_shape(writer, layers, width, feed_forward):
    """Writes the network's hyperparameters."""
    writer.add_vocab_size(VOCABULARY_SIZE)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(width)
    writer.add_block_count(layers)
    writer.add_feed_forward_length(feed_forward)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(HEADS)
    writer.add_rope_dimension_count(width // HEADS)
    writer.add_rope_freq_base(ROPE_BASE)
    writer.add_layer_norm_rms_eps(NORM_EPSILON)
    writer.add_file_type(int(gguf.LlamaFileType.MOSTLY_F16))


def describe_tokenizer(writer, vocabulary_path):
    """Writes vocabulary, special tokens (under llama.cpp's old and new keys) and chat template."""
    pieces, scores, types = read_vocabulary(vocabulary_path)
    for token in (PRE, SUF, MID, EOT):
        types[token] = int(gguf.TokenType.CONTROL)
    writer.add_tokenizer_model("llama")
    writer.add_tokenizer_pre("default")
    writer.add_token_list(pieces)
    writer.add_token_scores(scores)
    writer.add_token_types(types)
    writer.add_bos_token_id(BOS)
    writer.add_eos_token_id(EOS)
    writer.add_unk_token_id(0)
    writer.add_add_bos_token(True)
    writer.add_add_eos_token(False)
    writer.add_uint32("tokenizer.ggml.prefix_token_id", PRE)
    writer.add_uint32("tokenizer.ggml.suffix_token_id", SUF)
    writer.add_uint32("tokenizer.ggml.middle_token_id", MID)
    writer.add_uint32("tokenizer.ggml.fim_pre_token_id", PRE)
    writer.add_uint32("tokenizer.ggml.fim_suf_token_id", SUF)
    writer.add_uint32("tokenizer.ggml.fim_mid_token_id", MID)
    writer.add_eot_token_id(EOT)
    writer.add_chat_template(CHAT_TEMPLATE)


def add_tensors(writer, weights):
    """Writes the matrices as float16 and the norms as float32, with llama.cpp's tensor names."""

    def matrix(name, values):
        writer.add_tensor(name, np.ascontiguousarray(values, dtype=np.float16))

    def norm(name, values):
        writer.add_tensor(name, np.ascontiguousarray(values, dtype=np.float32))

    layers, _, feed_forward = weights["wd"].shape
    width = weights["emb"].shape[1]
    matrix("token_embd.weight", weights["emb"])  # also the output matrix: they are tied
    norm("output_norm.weight", weights["nf"])
    for layer in range(layers):
        block = f"blk.{layer}."
        for index, name in enumerate("qkv"):
            rows = slice(index * width, (index + 1) * width)
            matrix(f"{block}attn_{name}.weight", weights["wqkv"][layer][rows])
        matrix(block + "attn_output.weight", weights["wo"][layer])
        matrix(block + "ffn_gate.weight", weights["wgu"][layer][:feed_forward])
        matrix(block + "ffn_up.weight", weights["wgu"][layer][feed_forward:])
        matrix(block + "ffn_down.weight", weights["wd"][layer])
        norm(block + "attn_norm.weight", weights["n1"][layer])
        norm(block + "ffn_norm.weight", weights["n2"][layer])


def main(weights_path, vocabulary_path, out_path):
    weights = dict(np.load(weights_path))
    vocabulary_size, width = weights["emb"].shape
    layers, _, feed_forward = weights["wd"].shape
    assert vocabulary_size == VOCABULARY_SIZE
    writer = gguf.GGUFWriter(out_path, "llama")
    describe_model(writer)
    describe_shape(writer, layers, width, feed_forward)
    describe_tokenizer(writer, vocabulary_path)
    add_tensors(writer, weights)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()


if __name__ == "__main__":
    main(*sys.argv[1:4])
