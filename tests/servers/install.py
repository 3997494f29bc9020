"""Installs what the requirements.txt of a folder names into a virtual environment in the cache of the test servers, and
prints where it is. Exit 69, with the reason in the last line of stderr: this machine cannot have it."""
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

NEEDED = (3, 10)
folder = Path(sys.argv[1])


def unavailable(reason):
    print(f"{folder.name}: {reason}", file=sys.stderr)
    sys.exit(69)


def run(*command):
    """Whether the command ended well within four minutes. What it prints goes to stderr."""
    try:
        return subprocess.run(command, stdin=subprocess.DEVNULL, stdout=2, timeout=240).returncode == 0
    except subprocess.TimeoutExpired:
        return False


def install(environment):
    if not run(sys.executable, "-m", "venv", environment):
        unavailable("a virtual environment cannot be made (Debian and Ubuntu have `venv` in the package python3-venv)")
    # Wheels alone, and nothing that is not pinned: no code of a package runs here.
    if not run(
        f"{environment}/bin/python", "-m", "pip", "install", "--requirement", folder / "requirements.txt", "--no-deps",
        "--only-binary", ":all:", "--cache-dir", cache / "pip", "--retries", "1", "--no-input", "--quiet",
        "--disable-pip-version-check",
    ):
        unavailable("its packages could not be installed")


if sys.version_info < NEEDED:
    unavailable(f"Python {NEEDED[0]}.{NEEDED[1]} or newer is needed, this is {sys.version.split()[0]}")

home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
cache = Path(os.environ.get("M2M_SERVERS_DIR") or Path(home) / "m2m-servers")
# An environment belongs to the Python that made it.
pinned = (folder / "requirements.txt").read_bytes() + f"{sys.executable} {sys.version}".encode()
packages = cache / f"{folder.name}-{hashlib.sha256(pinned).hexdigest()[:12]}"

# Made beside its place and then renamed, so that it is there whole or not at all, whoever else is installing. Its scripts
# keep the first name, but its `python` finds the packages wherever it is.
if not packages.exists():
    cache.mkdir(parents=True, exist_ok=True)
    fresh = tempfile.mkdtemp(prefix="installing.", dir=cache)
    try:
        install(fresh)
        os.rename(fresh, packages)
    except OSError:
        if not packages.exists():
            raise
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
print(packages)
