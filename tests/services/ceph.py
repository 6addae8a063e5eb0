"""A real S3 server on this machine: Ceph's gateway over one monitor and one store in memory.

All its ports are free ones, so that several test sessions have a server each.
"""

import os
import shutil
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

KEY, SECRET, REGION = "test-access-key", "test-secret-key", "us-east-1"
_START_S = 90.0
_CONFIG = """
[global]
fsid = {fsid}
mon initial members = a
mon host = {addresses}
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
# without authentication the gateway of Ceph 16 never connects
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
run dir = {folder}
log file = {folder}/$name.log
admin socket = {folder}/$name.asok
keyring = {folder}/keyring
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
mon allow pool size one = true
osd crush chooseleaf type = 0
mon warn on pool no redundancy = false
mon max pg per osd = 1000
# each pool that the gateway makes waits for a second otherwise
paxos propose interval = 0.02
paxos min wait = 0.01
[mon]
mon data = {folder}/mon
mon data avail crit = 1
mon data avail warn = 2
[osd]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 4294967296
osd crush update on start = true
[client.rgw]
# without tcp_nodelay every small answer waits 40 ms
rgw frontends = beast endpoint=127.0.0.1:{port} tcp_nodelay=1
rgw data = {folder}/rgw
rgw thread pool size = 32
rgw dynamic resharding = false
rgw gc obj min wait = 60
"""


def installed() -> bool:
    """Say whether Ceph's programs are on this machine."""
    return all(map(shutil.which, ("radosgw", "radosgw-admin", "ceph-mon", "ceph-osd", "ceph")))


@contextmanager
def gateway() -> Iterator[str]:
    """Start the server and return its URL; stopped, and its data gone, when that is left."""
    with ExitStack() as exits:
        folder = Path(exits.enter_context(tempfile.TemporaryDirectory(prefix="ingest-ceph-")))
        yield _start(folder, exits)


def free_port() -> int:
    """Return a port of the loopback that nobody listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


@contextmanager
def daemon(*command: object, log: Path) -> Iterator["subprocess.Popen[bytes]"]:
    """Run a server until that is left; it dies with this process, too."""
    with log.open("wb") as out:
        words = ["setpriv", "--pdeathsig", "KILL", *map(str, command)]
        process = subprocess.Popen(words, stdout=out, stderr=out)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def accepts(port: int) -> bool:
    """Return whether a server on this machine accepts connections."""
    try:
        socket.create_connection(("127.0.0.1", port), 1).close()
    except OSError:
        return False
    return True


def wait_for(
    port: int,
    process: "subprocess.Popen[bytes]",
    log: Path,
    ready: Callable[[int], bool] = accepts,
) -> None:
    """Return when the server on a port is ready."""
    deadline = time.monotonic() + _START_S
    while not ready(port):
        if process.poll() is not None or time.monotonic() > deadline:
            raise RuntimeError(f"no server on port {port}: {log.read_text()[-2000:]}")
        time.sleep(0.05)


def _start(folder: Path, exits: ExitStack) -> str:
    port, fsid, osd = free_port(), uuid.uuid4(), uuid.uuid4()
    addresses = f"[v2:127.0.0.1:{free_port()},v1:127.0.0.1:{free_port()}]"
    config = folder / "ceph.conf"
    config.write_text(_CONFIG.format(folder=folder, fsid=fsid, port=port, addresses=addresses))
    for name in ("mon", "osd", "rgw"):
        (folder / name).mkdir()
    keyring, monmap = folder / "keyring", folder / "monmap"

    def run(*words: object, told: str = "") -> str:
        result = subprocess.run(
            [*map(str, words)],
            input=told.encode(),
            capture_output=True,
            check=False,
            env={**os.environ, "CEPH_CONF": str(config)},
            timeout=_START_S,
        )
        if result.returncode:
            raise RuntimeError(f"{words}: {result.stderr.decode()[-2000:]}")
        return result.stdout.decode().strip()

    def start(program: str, *words: object) -> "subprocess.Popen[bytes]":
        log = folder / f"{program}.out"
        command = (program, "-c", config, *words, "-f")
        return exits.enter_context(daemon(*command, log=log))

    everything = ("--cap", "mon", "allow *", "--cap", "osd", "allow *")
    tool = ("ceph-authtool", keyring, "--gen-key", "-n")
    run(*tool, "mon.", "--create-keyring", "--cap", "mon", "allow *")
    run(*tool, "client.admin", *everything, "--cap", "mgr", "allow *")
    run(*tool, "client.rgw", *everything)
    run("monmaptool", "--create", "--fsid", fsid, "--addv", "a", addresses, monmap)
    run("ceph-mon", "--mkfs", "-i", "a", "--monmap", monmap, "--keyring", keyring)
    start("ceph-mon", "-i", "a")
    secret = run("ceph-authtool", "--gen-print-key")
    new = ("ceph", "--connect-timeout", "20", "osd", "new", osd, "0", "-i", "-")
    run(*new, told=f'{{"cephx_secret": "{secret}"}}')
    of_osd = ("--cap", "mon", "allow profile osd", "--cap", "osd", "allow *")
    run("ceph-authtool", keyring, "-n", "osd.0", "--add-key", secret, *of_osd)
    run("ceph", "auth", "import", "-i", keyring)
    run("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", osd)
    start("ceph-osd", "-i", "0")
    served = start("radosgw", "-n", "client.rgw")
    wait_for(port, served, folder / "radosgw.out")
    user = ("user", "create", "--uid=test", "--display-name=test")
    run("radosgw-admin", "-n", "client.rgw", *user, f"--access-key={KEY}", f"--secret-key={SECRET}")
    return f"http://127.0.0.1:{port}"
