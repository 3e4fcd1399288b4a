# SPDX-License-Identifier: GPL-2.0-or-later
"""With WILDSET_NO_SKIP in the environment a test that is left out has failed: pytest says that it
passed.  Run as a program, it tries that on itself."""
import os
import pathlib
import subprocess
import sys
import tempfile

import pytest

WANTED = bool(os.environ.get("WILDSET_NO_SKIP"))


def fail(report):
    """One that is expected to fail is a test that was run."""
    if WANTED and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"left out, and that is no pass here: {reason}"


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_runtest_makereport(item, call):  # pylint: disable=unused-argument
    fail((yield).get_result())


@pytest.hookimpl(hookwrapper=True, tryfirst=True)
def pytest_make_collect_report(collector):  # pylint: disable=unused-argument
    fail((yield).get_result())


CASES = {
    "import pytest\ndef test_one(): pytest.skip('why')\n": (0, 1),
    "import pytest\n@pytest.mark.skip('why')\ndef test_one(): pass\n": (0, 1),
    "import pytest\npytest.importorskip('wildset_is_no_module')\ndef test_one(): pass\n": (5, 2),
    "def test_one(): pass\n": (0, 0),
    "import pytest\n@pytest.mark.xfail\ndef test_one(): assert False\n": (0, 0),
}


def status_of(text, wanted):
    with tempfile.TemporaryDirectory() as folder:
        pathlib.Path(folder, "test_it.py").write_text(text, encoding="ascii")
        environment = os.environ | {"PYTHONPATH": str(pathlib.Path(__file__).parent), "WILDSET_NO_SKIP": wanted}
        return subprocess.run([sys.executable, "-B", "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p",
                               "noskip", folder], env=environment, check=False,
                              stdout=subprocess.DEVNULL).returncode


def main():
    for text, expected in CASES.items():
        found = status_of(text, ""), status_of(text, "1")
        if found != expected:
            sys.exit(f"{text}: pytest's exit statuses are {found}, wanted {expected}")


if __name__ == "__main__":
    main()
