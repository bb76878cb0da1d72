"""Answers what cronsim says: a case a line on standard input, its answer a line on standard output.

A case is {"expression", "timezone", "start": seconds since the epoch, "count"}; the answer is a list of
{"at": seconds since the epoch} or {"error": text}.
"""

import json
import sys
from datetime import datetime, timezone
from zoneinfo import ZoneInfo

from cronsim import CronSim, CronSimError


def answer(case):
    zone = ZoneInfo(case["timezone"])
    start = datetime.fromtimestamp(case["start"], zone)
    try:
        simulated = CronSim(case["expression"], start)
        runs = []
        for _ in range(case["count"]):
            runs.append(int(next(simulated).astimezone(timezone.utc).timestamp()))
        return {"runs": runs}
    except CronSimError as error:
        return {"runs": [], "error": str(error)}
    except (StopIteration, RuntimeError, OverflowError) as error:
        return {"runs": runs, "error": f"ended: {error}"}


for line in sys.stdin:
    print(json.dumps(answer(json.loads(line))))
