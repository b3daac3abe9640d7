"""``python -m tests.unit.store.old_stores N``."""

import sys

from tests.unit.store.old_stores import FOLDER, render

number = int(sys.argv[1])
(FOLDER / f"schema_{number:04}.sql").write_text(render(number), encoding="utf-8")
