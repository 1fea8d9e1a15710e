"""``python -m rczoo`` is ``rczoo``."""

from .cli.main import app

app(prog_name="rczoo")
