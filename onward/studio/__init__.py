"""The studio: run folders in a browser, live; a reader of plain files that starts the program's own commands.

    command.py   `onward studio`                  guard.py     who may ask for what: token, Host, Origin, sizes
    listening.py the door, and how long it waits  plain_files.py  what may be a stranger's, opened with care
    server.py    addresses to calls               shelf.py     the runs of a folder, a thousand of them at once
    forms.py     settings as forms, and the command and the Python that a form stands for
    watching.py  facts of a run as they come      launching.py runs started from here, which outlive the studio
    trying.py    `onward apply` in a scratch folder            talking.py  a trained player that answers moves
    static/      the page: HTML, CSS and plain JavaScript modules, no build step, nothing from elsewhere

It imports the core and no task: what it may call is handed in by the command line. Nothing here is imported, and
starlette is not, until `onward studio` is called. Read `command.py` first, then `server.py`.
"""
