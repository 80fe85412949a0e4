"""What a terminal is given: nothing that it obeys, whole words, a bar before each line."""

from io import StringIO

import pytest
from rich.console import Console
from rich.text import Text

from pantheon.cli.pen import BAR, Pen, inert


def terminal(width: int = 20) -> Console:
    """A terminal without colors, so that what is written can be read."""
    return Console(file=StringIO(), force_terminal=True, width=width, color_system=None)


def written(console: Console) -> str:
    """What was written to a console so far."""
    assert isinstance(console.file, StringIO)
    return console.file.getvalue()


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\tb\nc", "a\tb\nc"),
        ("a\r\nb", "a\nb"),
        ("\x1b[2Jgone", "�[2Jgone"),
        ("\x9b31m", "�31m"),
        ("over\rwritten", "over�written"),
        ("evil\u202etxt.exe", "evil�txt.exe"),
        ("[bold]kept[/bold]", "[bold]kept[/bold]"),
    ],
)
def test_text_is_inert(text: str, shown: str) -> None:
    """Control characters and overrides of direction are replaced, all else is kept."""
    assert inert(text) == shown


def test_lines_break_at_words_however_the_text_is_cut() -> None:
    """The same text in one piece and letter by letter gives the same lines."""
    text = "one two three four five six\nseven"
    results = []
    for pieces in ([text], list(text)):
        console = terminal()
        pen = Pen(console)
        for piece in pieces:
            pen.write(piece)
        pen.end_line()
        results.append(written(console))
    assert results[0] == results[1]
    assert results[0] == f"{BAR}one two three \n{BAR}four five six\n{BAR}seven\n"


def test_an_empty_line_keeps_its_bar() -> None:
    """A block has no holes."""
    console = terminal()
    pen = Pen(console)
    pen.write("a\n\nb")
    pen.end_line()
    assert written(console) == f"{BAR}a\n{BAR}\n{BAR}b\n"


def test_a_word_is_held_back_until_it_is_whole() -> None:
    """What may still grow beyond the line is not written yet; a very long word is."""
    console = terminal(80)
    pen = Pen(console)
    pen.write("whole par")
    assert written(console) == f"{BAR}whole "
    pen.write("t " + "x" * 50)
    assert written(console).endswith("x" * 50)


def test_a_line_of_its_own_ends_the_text_before_it() -> None:
    """Notes never stand in the middle of a line of text."""
    console = terminal(80)
    pen = Pen(console)
    pen.write("text")
    pen.line(Text("note"))
    assert written(console) == f"{BAR}text\nnote\n"


def test_a_pipe_gets_the_text_as_it_is() -> None:
    """Without a terminal there are no bars and no line breaks but the text's own."""
    console = Console(file=StringIO(), width=20)
    pen = Pen(console)
    pen.write("a very long line that a terminal of twenty columns would break")
    pen.end_line()
    assert written(console) == "a very long line that a terminal of twenty columns would break\n"
