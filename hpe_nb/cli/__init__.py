"""The command line: `hpe-nb demo`, `run`, `eval`, `sweep`, `fetch`, `lab` and `info`, one module each."""
