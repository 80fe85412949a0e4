"""`docs/schema.sql` is the schema at head."""

import psycopg

from tests import schema_dump


def test_the_page_of_the_schema_is_up_to_date(server):
    """`make schema` writes it."""
    assert schema_dump.PATH.read_text("utf-8") == schema_dump.dump(server.admin_url)


def test_a_dump_shows_a_change(server):
    before = schema_dump.dump(server.admin_url).splitlines()
    with psycopg.connect(server.admin_url, autocommit=True) as conn:
        conn.execute("CREATE POLICY other ON rooms TO pantheon_app USING (true)")
    after = schema_dump.dump(server.admin_url).splitlines()
    added = [line for line in after if line not in before]
    assert added == ["CREATE POLICY other ON public.rooms TO pantheon_app USING (true);"]
