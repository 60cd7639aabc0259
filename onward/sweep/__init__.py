"""`onward sweep`: which settings are best for these data, within a given time? Many short runs, then fewer longer ones.

Successive halving (arXiv:1502.07943): trials drawn by lot learn for a short while, the best third again for three times
as long, and so on; each is an ordinary run, planned for its own time. The task's own settings are trial 0 and take part
to the end, so that the table says whether looking was worth it. `space.py` draws, `halving.py` plans, `figures.py`
says what is better, `record.py` remembers, `sweeping.py` goes through it, on processes of this machine (`workers.py`)
or of a cluster (`cluster.py`).
"""
