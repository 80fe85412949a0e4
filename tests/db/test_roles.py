"""Tests of `pantheon.db.roles`: what a migration may do itself, and what it asks for."""

import dataclasses

import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from pantheon.base.errors import Problem
from pantheon.db import migrate
from pantheon.db.pool import Database
from pantheon.db.roles import ROLES_MISSING
from pantheon.ops.embedded import embedded
from tests.db.test_migrate import end_of, fetch, start_upgrade


def test_a_user_without_rights_is_told_what_an_administrator_runs(cluster):
    with cluster.role() as login:
        role = login["user"]
        server = cluster.create()
        url = make_conninfo(server.admin_url, **login)
        with pytest.raises(Problem) as refused:
            migrate.upgrade(url, role)
        assert refused.value.kind is ROLES_MISSING
        detail = refused.value.detail
        assert f"The user '{role}' may not prepare the database." in detail
        lines = [line.strip() for line in detail.splitlines() if line.endswith(";")]
        name = psycopg.conninfo.conninfo_to_dict(server.url)["dbname"]
        assert lines == [
            f'GRANT "pantheon_app" TO "{role}";',
            f'GRANT "pantheon_sweep" TO "{role}";',
            f'GRANT CREATE ON DATABASE "{name}" TO "{role}";',
            f'GRANT CREATE ON SCHEMA public TO "{role}";',
        ]
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            for line in lines:
                admin.execute(line.encode())
        migrate.upgrade(url, role)
        assert fetch(server, "SELECT version_num FROM alembic_version") == [migrate.HEAD]
        cluster.drop(server)


async def test_an_owner_who_may_create_roles_needs_no_administrator(run_folder):
    """As on a hosted PostgreSQL: no superuser, the tables are its own, and row security holds."""
    async with embedded(run_folder / "hosted", sync=False, options={"fsync": "off"}) as server:
        login = {"user": "lena", "password": "a password"}
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            admin.execute("CREATE ROLE lena LOGIN CREATEROLE PASSWORD 'a password'")
            admin.execute("CREATE DATABASE hers OWNER lena")
        url = make_conninfo(server.admin_url, dbname="hers", **login)
        migrate.upgrade(url, "lena")
        db = Database(url)
        await db.open()
        async with db.transaction(None) as conn:
            assert await migrate.is_at_head(conn, "lena")
            cursor = await conn.execute("SELECT current_user, session_user")
            assert await cursor.fetchone() == ("pantheon_app", "lena")
            cursor = await conn.execute("SELECT count(*) FROM workspaces")
            assert await cursor.fetchone() == (0,)
        await db.close()


async def test_many_databases_of_one_cluster_may_be_migrated_at_once(run_folder):
    """The roles are the cluster's: whoever comes second finds them, or collides and looks again."""
    async with embedded(run_folder / "many", sync=False, options={"fsync": "off"}) as server:
        each = []
        with psycopg.connect(server.admin_url, autocommit=True) as admin:
            for number in range(4):
                admin.execute(f"CREATE DATABASE many{number}".encode())
                url = make_conninfo(server.admin_url, dbname=f"many{number}")
                each.append(dataclasses.replace(server, admin_url=url))
        processes = [start_upgrade(one) for one in each]
        assert [end_of(process) for process in processes] == [(0, "")] * 4
        heads = [fetch(one, "SELECT version_num FROM alembic_version") for one in each]
        assert heads == [[migrate.HEAD]] * 4
