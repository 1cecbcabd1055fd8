#!/usr/bin/python3
"""The social platform's parts: web (writes a status with its medium and pushes a job), worker QUEUE (BRPOP, heartbeat), cleanup, streaming, audit."""
import json, os, secrets, signal, socket, sys, time

import psycopg2, redis

MEDIA = "/var/lib/social/media"


def stores():
    database = psycopg2.connect("host=/run/postgresql dbname=social user=social")
    database.autocommit = True
    return database.cursor(), redis.Redis(unix_socket_path="/run/social-redis-jobs/redis.sock", password="jobs")


def stopping():
    """Filled when this process is asked to end: what is begun is finished first, as web servers and workers do."""
    stop = []
    signal.signal(signal.SIGTERM, lambda *_: stop.append(1))
    return stop


def web():
    rows, jobs = stores()
    stop = stopping()
    while not stop:
        name = secrets.token_hex(8)
        with open(f"{MEDIA}/{name}", "wb") as medium:
            medium.write(os.urandom(300))
        rows.execute("INSERT INTO statuses (medium) VALUES (%s) RETURNING id", (name,))
        jobs.lpush("queue:default", json.dumps({"class": "Push", "args": [rows.fetchone()[0]], "jid": name}))
        time.sleep(0.03)


def worker(queue):
    rows, jobs = stores()
    stop = stopping()
    me = f"{socket.gethostname()}:{os.getpid()}"
    while not stop:
        jobs.sadd("processes", me)
        jobs.hset(me, "beat", time.time())
        jobs.expire(me, 60)
        taken = jobs.brpop([f"queue:{queue}"], timeout=1)
        if taken:
            rows.execute("UPDATE statuses SET done = done + 1 WHERE id = %s", (json.loads(taken[1])["args"][0],))
    jobs.srem("processes", me)


def cleanup():
    rows, _ = stores()
    for _ in range(10):
        rows.execute("INSERT INTO ticks DEFAULT VALUES")
        time.sleep(0.05)


def streaming():
    listening = socket.socket(fileno=3)
    while True:
        caller, _ = listening.accept()
        caller.sendall(b"stream\n")
        caller.close()


def audit():
    """What the parts of a point must agree on: each status has its medium, and is done once or has its job."""
    rows, jobs = stores()
    rows.execute("SELECT id, medium, done FROM statuses")
    waiting = [json.loads(job)["args"][0] for job in jobs.lrange("queue:default", 0, -1)]
    statuses = rows.fetchall()
    print(json.dumps({
        "statuses": len(statuses),
        "without_medium": sum(not os.path.exists(f"{MEDIA}/{medium}") for _, medium, _ in statuses),
        "lost": sum(done + waiting.count(status) < 1 for status, _, done in statuses),
        "doubled": sum(done + waiting.count(status) > 1 for status, _, done in statuses),
    }))


{"web": web, "worker": worker, "cleanup": cleanup, "streaming": streaming, "audit": audit}[sys.argv[1]](*sys.argv[2:])
