#!/usr/bin/env python3
"""convert.py FILE COLUMN FROM TO: rewrites one column of a CSV file in another unit."""

import csv
import sys

TO_KELVIN = {"K": lambda x: x, "C": lambda x: x + 273.15, "F": lambda x: (x - 32.0) / 1.8 + 273.15}
FROM_KELVIN = {"K": lambda x: x, "C": lambda x: x - 273.15, "F": lambda x: (x - 273.15) * 1.8 + 32.0}


def main(path, column, source, target):
    with open(path) as file:
        reader = csv.DictReader(file)
        writer = csv.DictWriter(sys.stdout, reader.fieldnames)
        writer.writeheader()
        for row in reader:
            row[column] = f"{FROM_KELVIN[target](TO_KELVIN[source](float(row[column]))):.6g}"
            writer.writerow(row)


if __name__ == "__main__":
    main(*sys.argv[1:5])
