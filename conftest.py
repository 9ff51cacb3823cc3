"""What every run of pytest needs, of the tests and of the notebooks."""

import os

import pytest

os.environ["CDAE_PROGRESS_DIR"] = os.devnull  # nothing under test touches what whoever runs it has got right so far


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """Count the cells of notebooks among the tests that train: one that does not may print what another has trained."""
    for item in items:
        if item.path.suffix == ".ipynb":
            item.add_marker("trains")


def pytest_terminal_summary(terminalreporter):
    """Print what a test put into ``record_property("summary", ...)``."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(text)
