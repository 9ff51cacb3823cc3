"""Say which notebooks were not executed from top to bottom: python tools/check_notebooks.py notebooks/*.ipynb."""

from __future__ import annotations

import json
import sys
from pathlib import Path


def in_order(path: Path) -> bool:
    """Whether each code cell that holds something was executed, in order, and none ended with an error."""
    found = json.loads(path.read_text(encoding="utf-8"))["cells"]
    code = [cell for cell in found if cell["cell_type"] == "code" and "".join(cell["source"]).strip()]
    failed = any(output["output_type"] == "error" for cell in code for output in cell["outputs"])
    return [cell["execution_count"] for cell in code] == list(range(1, len(code) + 1)) and not failed


def main() -> int:
    """Return 1 where there are any."""
    wrong = [name for name in sys.argv[1:] if not in_order(Path(name))]
    for name in wrong:
        print(f"{name} was not executed in order: python tools/course.py {name}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
