"""Playing: against a person in the terminal, over GTP, and in matches; games written down and read as SGF.

Read `options.py`, then `terminal.py`, `gtp_server.py`, `engine.py` (other programs as players), `matches.py`, `sgf.py`.
"""
