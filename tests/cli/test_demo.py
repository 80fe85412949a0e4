"""`pantheon demo` on a fresh directory, and a second time."""

from tests.cli.commands import Commands


def test_the_example_is_made_once(alone: Commands) -> None:
    """It needs no server, and is not made twice."""
    made = alone.run("demo")
    assert made.code == 0, made.err
    assert made.err.startswith("Made 'Example room' with @analyst (")
    again = alone.run("demo")
    assert again.code == 0
    assert again.err == made.err.replace("Made", "There is already", 1)
