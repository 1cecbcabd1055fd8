"""Customers who place one order after the other at the shop's door, by HTTPS through nginx, until SIGTERM, and try again while it is closed.

Then a line tells how many orders were confirmed to them, the last one's number, and the longest time that one of them had to wait.
"""

import http.client
import signal
import ssl
import sys
import time

running = True


def end(*_):
    global running
    running = False


def order():
    """The order's number; nothing while the door is closed."""
    door = http.client.HTTPSConnection("127.0.0.1", timeout=10, context=ssl._create_unverified_context())
    try:
        door.request("POST", "/")
        answer = door.getresponse()
        return int(answer.read()) if answer.status == 200 else None
    except (OSError, http.client.HTTPException):
        return None
    finally:
        door.close()


signal.signal(signal.SIGTERM, end)
confirmed, last, longest, since = 0, 0, 0.0, time.monotonic()
while running:
    number = order()
    if number:
        confirmed, last, longest, since = confirmed + 1, number, max(longest, time.monotonic() - since), time.monotonic()
    time.sleep(0.05)
print(f"confirmed={confirmed} last={last} longest_wait={longest:.1f}")
sys.exit(0 if confirmed else 1)
