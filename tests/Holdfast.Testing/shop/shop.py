"""A small shop that does real work on PostgreSQL, Redis and Celery, so that a backup of it can be proven.

Every order is a row first and then a task; a task counts its order as done. An order that is done 0 times has been lost when its
task is nowhere, and one that is done twice has been doubled. 'audit' looks for both.

  shop.py web             takes orders over HTTP, and makes some itself: $RATE a second, some of them to be done later
  shop.py place N SECONDS places N orders, each of which takes so long; all acknowledged when done where $LATE says so
  shop.py audit SECONDS   waits until all orders are done, for so long at most, and counts
"""

import http.server
import os
import random
import signal
import sys
import threading
import time

import psycopg2
from celery import Celery, signals
from kombu import Queue

DATABASE = "host=/run/postgresql user=shop dbname=shop"

app = Celery("shop", broker="redis+socket://:shop@/run/shop-redis/redis.sock?virtual_host=1")
app.conf.update(
    task_queues=[Queue("orders"), Queue("mails")],
    task_default_queue="orders",
    task_routes={"shop.mail": {"queue": "mails"}},
    worker_prefetch_multiplier=1,
    broker_transport_options={"queue_order_strategy": "priority", "visibility_timeout": int(os.environ.get("VISIBILITY", "3600"))},
    beat_schedule={"tidy": {"task": "shop.tidy", "schedule": 2.0}},
    beat_schedule_filename="/var/lib/shop/beat",
)


def execute(sql, *values):
    with psycopg2.connect(DATABASE) as connection, connection.cursor() as cursor:
        cursor.execute(sql, values)
        return cursor.fetchall() if cursor.description else []


@app.task(name="shop.order")
def order(number, seconds):
    """Acknowledged before it runs, as Celery does by default: while it runs, Redis knows nothing of it."""
    time.sleep(seconds)
    execute("UPDATE app.orders SET done = done + 1 WHERE id = %s", number)


@app.task(name="shop.mail", acks_late=True)
def mail(number, seconds):
    """Acknowledged when it is done."""
    order(number, seconds)


@app.task(name="shop.tidy")
def tidy():
    execute("INSERT INTO app.tidied DEFAULT VALUES")


@signals.worker_ready.connect
def turn_deaf(**_):
    """A worker that does not end when it is asked to, where $STUBBORN says so."""
    if os.environ.get("STUBBORN"):
        signal.signal(signal.SIGTERM, signal.SIG_IGN)


def place(seconds=0.02, countdown=0.0, priority=0):
    (number,), = execute("INSERT INTO app.orders (placed) VALUES (clock_timestamp()) RETURNING id")
    task = mail if number % 3 == 0 or os.environ.get("LATE") else order
    task.apply_async((number, seconds), priority=priority, countdown=countdown or None, task_id=f"order-{number}")
    return number


class Door(http.server.BaseHTTPRequestHandler):
    def do_POST(self):
        self.answer(f"{place()}\n")

    def do_GET(self):
        self.answer("%d orders, %d done\n" % execute("SELECT count(*), count(*) FILTER (WHERE done > 0) FROM app.orders")[0])

    def answer(self, text):
        self.send_response(200)
        self.end_headers()
        self.wfile.write(text.encode())

    def log_message(self, *_):
        pass


def web():
    """Ends between two orders: an order is both its row and its task."""
    stop = threading.Event()
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 8010), Door)
    server.daemon_threads = False
    rate = float(os.environ.get("RATE", "0"))
    delays = [delay for delay in (0, 0, 0, 0, 1, 4, 30) if delay <= float(os.environ.get("LONGEST", "30"))]

    def customers():
        rng = random.Random()
        while rate and not stop.wait(rng.expovariate(rate)):
            place(rng.choice([0.01, 0.05, 0.2]), rng.choice(delays), rng.choice([0, 0, 3, 6, 9]))

    def end(*_):
        stop.set()
        threading.Thread(target=server.shutdown).start()

    signal.signal(signal.SIGTERM, end)
    working = threading.Thread(target=customers)
    working.start()
    server.serve_forever()
    working.join()
    server.server_close()


def audit(seconds):
    """Ends with 0 when each order was done exactly once."""
    until = time.monotonic() + seconds
    while True:
        (orders, open_ones, doubled), = execute("SELECT count(*), count(*) FILTER (WHERE done = 0), count(*) FILTER (WHERE done > 1) FROM app.orders")
        if open_ones == 0 or time.monotonic() > until:
            break
        time.sleep(0.2)
    print(f"orders={orders} lost={open_ones} doubled={doubled}")
    return 1 if open_ones or doubled else 0


if __name__ == "__main__":
    if sys.argv[1] == "web":
        web()
    elif sys.argv[1] == "place":
        for _ in range(int(sys.argv[2])):
            place(float(sys.argv[3]))
    else:
        sys.exit(audit(float(sys.argv[2])))
