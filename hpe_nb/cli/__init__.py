"""The command line: `hpe-nb demo`, `run`, `fetch`, `lab`, `info` and others, one module each."""
