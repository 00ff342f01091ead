"""Measures the model behind a running llama-server: `python3 -m evaluation WHAT SERVER …`

    golden   the tokens of llama.cpp and of a reference in PyTorch, side by side; serve the f16 file
             with --cache-type-k f32 --cache-type-v f32
    infill   rates on held-out files
    tasks    rates on the hand-written tasks
    demo     writes tasks.json: prompts and answers for tests and demonstrations
"""

import argparse

from examples.tokens import load_tokenizer

from .server import LlamaServer


def read_arguments():
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("what", choices=("golden", "infill", "tasks", "demo"))
    parser.add_argument("server", help="address of the server, such as http://localhost:8080")
    parser.add_argument("--tokenizer", default="spm.model", help="written by vocabulary.py")
    parser.add_argument("--weights", default="weights.npz", help="golden: the float16 weights")
    parser.add_argument("--held-out", default="val.jsonl", help="infill: the held-out files")
    parser.add_argument("--files", type=int, default=200, help="infill: number of held-out files")
    parser.add_argument("--out", help="golden, demo: the file to write")
    return parser.parse_args()


def main():
    options = read_arguments()
    load_tokenizer(options.tokenizer)
    server = LlamaServer(options.server)
    if options.what == "golden":
        from .golden import write_golden  # here, because only this command needs PyTorch

        write_golden(server, options.weights, options.out or "golden.json")
    elif options.what == "infill":
        from .held_out_infill import measure_held_out_infill

        measure_held_out_infill(server, options.held_out, options.files)
    elif options.what == "tasks":
        from .known_tasks import measure_known_tasks

        measure_known_tasks(server)
    else:
        from .demo import write_demo

        write_demo(server, options.out or "tasks.json")


if __name__ == "__main__":
    main()
