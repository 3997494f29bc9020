"""When a server of these folders ends: on SIGTERM, on SIGINT, when its standard input (a pipe) ends, and when the process
that started it is gone."""
import os
import signal
import stat
import threading


def serve(server):
    """Serves until the end, and returns then."""
    over = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: over.set())
    mode = os.fstat(0).st_mode
    if stat.S_ISFIFO(mode) or stat.S_ISSOCK(mode):
        threading.Thread(target=_watch_stdin, args=[over], daemon=True).start()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    parent = int(os.environ["STARTED_BY"])
    while not over.wait(1) and os.getppid() == parent:
        pass


def _watch_stdin(over):
    # Whoever started this server holds the other end of the pipe: when they are gone, however they went, so is the server.
    while os.read(0, 4096):
        pass
    over.set()
