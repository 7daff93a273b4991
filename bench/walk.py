"""What a Python script with requests does to walk a list of OpenTalk.

    walk.py BASE rooms|events     token in $BENCH_TOKEN; prints "entries seconds"
    walk.py                       prints the versions

One session (connections are kept alive), one page at a time, JSON decoded,
every entry looked at once.
"""
import os
import platform
import sys
import time

import requests


def walk(session, url):
    entries = 0
    params = {"per_page": 100}
    while url:
        answer = session.get(url, params=params, timeout=30)
        answer.raise_for_status()
        page = answer.json()
        for entry in page:
            entries += entry["id"] is not None
        links = answer.links
        following = links.get("next") or links.get("after") if page else None
        url, params = following and following["url"], None
    return entries


def main():
    if len(sys.argv) == 1:
        print("Python", platform.python_version(), "requests", requests.__version__)
        return
    base = sys.argv[1] + "/v1/"
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = "Bearer " + os.environ["BENCH_TOKEN"]
    session.get(base + "rooms", params={"per_page": 1}, timeout=30).raise_for_status()
    start = time.monotonic()
    entries = walk(session, base + sys.argv[2])
    print(entries, "%.6f" % (time.monotonic() - start))


main()
