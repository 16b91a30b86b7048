"""What is computed: the only room that knows numba."""
