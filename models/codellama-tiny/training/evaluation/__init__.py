"""What codellama-tiny can do, measured through a running llama-server."""
