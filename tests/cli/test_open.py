"""`pantheon open` prints a link of its own each time, alone on stdout."""

from tests.cli.commands import Commands, Up


def test_each_link_is_fresh(commands: Commands, up: Up) -> None:
    """The running server's address, or the public one."""
    links = [commands.run("open") for _ in range(2)]
    assert [link.code for link in links] == [0, 0]
    assert all(link.out.startswith(f"{up.url}/login#") and link.err == "" for link in links)
    assert len({up.link, *(link.out.strip() for link in links)}) == 3
    public = commands.run("open", "--no-open", PANTHEON_PUBLIC_URL="https://pantheon.example")
    assert public.out.startswith("https://pantheon.example/login#")
