"""The training corpus: source code of permissively licensed packages."""
