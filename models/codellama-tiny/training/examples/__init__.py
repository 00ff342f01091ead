"""Training examples: documents in, sequences of tokens out."""
