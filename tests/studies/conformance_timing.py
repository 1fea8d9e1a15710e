"""Seconds that checks of bpnet, 64 filters, 1,346 bp, take: ``python -m tests.studies.conformance_timing``.

Prints seconds of wall clock and of processor time; on a busy machine only the second tells anything.
"""

import time
import warnings

import rczoo


def main():
    warnings.simplefilter("ignore")
    for strategy, execution in (("rcps", "frames"), ("rcps", "tied"), ("conjoined", "frames")):
        model = rczoo.build("bpnet", strategy=strategy, filters=64, length=1346, execution=execution)
        for quick in (True, False):
            wall, processor = time.perf_counter(), time.process_time()
            report = rczoo.check(model, quick=quick)
            assert report.passed, str(report)
            wall, processor = time.perf_counter() - wall, time.process_time() - processor
            name = "quick" if quick else "default"
            figures = f"{report.ran} checks, {wall:.1f} s, processor {processor:.1f} s"
            print(f"{strategy} {execution} {name}: {figures}")


if __name__ == "__main__":
    main()
