"""``python -m rczoo`` is ``rczoo``."""

from .cli.main import app

if __name__ == "__main__":
    app(prog_name="rczoo")
