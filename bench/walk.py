"""What a Python script with requests does to walk /v1/rooms.

    walk.py BASE     token in $BENCH_TOKEN; prints "rooms seconds"

One session (connections are kept alive), one page at a time, JSON decoded,
every room looked at once.
"""
import os
import sys
import time

import requests


def walk(session, url):
    rooms = 0
    params = {"per_page": 100}
    while url:
        answer = session.get(url, params=params, timeout=30)
        answer.raise_for_status()
        for room in answer.json():
            rooms += room["id"] is not None
        url, params = answer.links.get("next", {}).get("url"), None
    return rooms


def main():
    url = sys.argv[1] + "/v1/rooms"
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = "Bearer " + os.environ["BENCH_TOKEN"]
    session.get(url, params={"per_page": 1}, timeout=30).raise_for_status()
    start = time.monotonic()
    rooms = walk(session, url)
    print(rooms, "%.6f" % (time.monotonic() - start))


main()
