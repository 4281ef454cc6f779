"""Reading of files with checks, and writing that never leaves a damaged or incomplete file."""
