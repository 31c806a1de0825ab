"""What the API answers: one module per family of paths."""
