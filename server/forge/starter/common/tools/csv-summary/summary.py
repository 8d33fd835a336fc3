#!/usr/bin/env python3
"""summary.py FILE: the columns of a CSV file with their ranges."""

import csv
import sys

with open(sys.argv[1]) as file:
    rows = list(csv.DictReader(file))
for name in rows[0] if rows else []:
    values = [float(row[name]) for row in rows]
    print(f"{name:20} {len(values):7} values   {min(values):12.6g} to {max(values):12.6g}")
