"""What a Python script with aiohttp does to walk a list of OpenTalk.

    walk_async.py BASE rooms|events [WINDOW]    token in $BENCH_TOKEN
    walk_async.py                               prints the versions

prints "entries seconds". Without WINDOW one page at a time; with it, that many
pages are under way by their numbers, as whoever wants speed would write it.
"""
import asyncio
import os
import platform
import sys
import time

import aiohttp


async def page(session, url, params=None):
    async with session.get(url, params=params) as answer:
        answer.raise_for_status()
        return await answer.json(), answer.links


def look_at(entries):
    return sum(entry["id"] is not None for entry in entries)


async def walk_links(session, url):
    entries, params = 0, {"per_page": 100}
    while url:
        found, links = await page(session, url, params)
        entries += look_at(found)
        following = links.get("next") or links.get("after") if found else None
        url, params = following and following["url"], None
    return entries


async def walk_numbers(session, url, window):
    found, links = await page(session, url, {"per_page": 100})
    entries, last = look_at(found), int(links["last"]["url"].query["page"])
    free = asyncio.Semaphore(window)

    async def numbered(number):
        async with free:
            return await page(session, url, {"per_page": 100, "page": number})

    tasks = [asyncio.create_task(numbered(n)) for n in range(2, last + 1)]
    for task in tasks:
        found, _ = await task
        entries += look_at(found)
    return entries


async def main():
    if len(sys.argv) == 1:
        print("Python", platform.python_version(), "aiohttp", aiohttp.__version__)
        return
    base = sys.argv[1] + "/v1/"
    headers = {"Authorization": "Bearer " + os.environ["BENCH_TOKEN"]}
    async with aiohttp.ClientSession(headers=headers) as session:
        await page(session, base + "rooms", {"per_page": 1})
        start = time.monotonic()
        if len(sys.argv) > 3:
            entries = await walk_numbers(session, base + sys.argv[2], int(sys.argv[3]))
        else:
            entries = await walk_links(session, base + sys.argv[2])
        print(entries, "%.6f" % (time.monotonic() - start))


asyncio.run(main())
