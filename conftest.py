"""What every run of pytest needs, of the tests and of the notebooks."""

import os

os.environ["CDAE_PROGRESS_DIR"] = os.devnull  # nothing under test touches what whoever runs it has got right so far


def pytest_terminal_summary(terminalreporter):
    """Print what a test put into ``record_property("summary", ...)``."""
    for report in terminalreporter.getreports("passed"):
        for name, text in report.user_properties:
            if name == "summary":
                terminalreporter.write_line(text)
