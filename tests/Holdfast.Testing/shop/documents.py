"""Lists documents, a line each: index, id, hash of the content. Nothing of Holdfast is in it, so that it can judge Holdfast.

  documents.py engine URL ALIAS...   those of a search engine
  documents.py rows                  those on standard input: {"index": ..., "id": ..., "document": ...} in each line
"""

import hashlib
import json
import sys
import urllib.request


def ask(url, body):
    request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=60) as answer:
        return json.load(answer)


def of_engine(url, alias):
    page = ask(f"{url}/{alias}/_search?scroll=1m", {"size": 1000, "sort": ["_doc"]})
    while page["hits"]["hits"]:
        for hit in page["hits"]["hits"]:
            yield alias, hit["_id"], hit["_source"]
        page = ask(f"{url}/_search/scroll", {"scroll": "1m", "scroll_id": page["_scroll_id"]})


def of_rows(lines):
    for row in map(json.loads, lines):
        yield row["index"], row["id"], row["document"]


if sys.argv[1] == "engine":
    documents = [document for alias in sys.argv[3:] for document in of_engine(sys.argv[2], alias)]
else:
    documents = of_rows(sys.stdin)
for line in sorted(f"{index} {name} {hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:32]}" for index, name, content in documents):
    print(line)
