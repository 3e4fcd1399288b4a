# SPDX-License-Identifier: GPL-2.0-or-later
"""The parts of the bench, one file each: rows(bench) measures and returns rows for the table."""
