"""The bar shows what goes on and leaves nothing behind."""

import io

import pytest

from cdae_lessons import progress
from cdae_lessons.progress import bar


@pytest.fixture
def notebook(monkeypatch):
    """A notebook's display; returns what it was told to show, in order."""
    shown = []

    class Handle:
        def update(self, content):
            shown.append(content.data)

    def display(content, *, display_id):
        assert display_id
        shown.append(content.data)
        return Handle()

    monkeypatch.setattr(progress, "_in_notebook", lambda: True)
    monkeypatch.setattr("IPython.display.display", display)
    return shown


def test_in_a_notebook_it_counts_and_is_empty_at_the_end(notebook):
    with bar(4, label="Training <fast>") as shown:
        shown.update(2, note="loss 0.5")
    assert len(notebook) == 3
    assert "Training &lt;fast&gt;" in notebook[1]
    assert "max=4 value=2" in notebook[1]
    assert "2 of 4" in notebook[1]
    assert "loss 0.5" in notebook[1]
    assert notebook[0] == notebook[-1] == ""  # what nbval sees first is what the stored notebook ends with


def test_an_error_empties_it_too(notebook):
    with pytest.raises(RuntimeError), bar(4, label="Training"):
        raise RuntimeError
    assert notebook[-1] == ""


def test_a_log_file_gets_nothing(capsys):
    with bar(4, label="Training") as shown:
        shown.update()
    assert capsys.readouterr() == ("", "")


def test_a_terminal_sees_it_and_is_left_clean(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    terminal = Terminal()
    monkeypatch.setattr("sys.stderr", terminal)
    with bar(2, label="Training") as shown:
        shown.update(note="loss 0.5")
        shown.update()
    text = terminal.getvalue()
    assert "Training" in text
    assert "\n" not in text
    assert text.split("\r")[-1].strip() == ""


def test_it_can_be_switched_off(notebook):
    with bar(4, label="Training", show=False) as shown:
        shown.update()
    assert notebook == []
