"""``python -m funnelsim``: the command line, where the program itself is not on the path."""

from funnelsim.cli import main

if __name__ == "__main__":
    main(prog_name="funnelsim")
