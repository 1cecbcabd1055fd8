"""What bench/search.py runs beside Holdfast: python3-elasticsearch's parallel_bulk, fed from psycopg2. Usage: search_peer.py URL SOCKET PORT INDEX parsed|text"""

import sys
import warnings

import elasticsearch.helpers
import psycopg2

url, socket, port, index, form = sys.argv[1:]
warnings.simplefilter("ignore")
engine = elasticsearch.Elasticsearch([url], timeout=300)
engine.transport._verified_elasticsearch = True  # it refuses the free build of Elasticsearch 7.10, which it can talk to
engine.indices.create(index, body={"settings": {"refresh_interval": "-1", "number_of_replicas": 0, "translog.durability": "async"}})
database = psycopg2.connect(host=socket, port=port, user="postgres", dbname="postgres")
cursor = database.cursor("documents")
cursor.itersize = 2000
cursor.execute(f"SELECT id, version, document{'::text' if form == 'text' else ''} FROM documents")
actions = ({"_index": index, "_id": id, "version": version, "version_type": "external", "_source": document} for id, version, document in cursor)
for good, about in elasticsearch.helpers.parallel_bulk(engine, actions, thread_count=2, chunk_size=2000, queue_size=2, max_chunk_bytes=3 << 20):
    if not good:
        raise SystemExit(about)
engine.indices.flush(index)
engine.indices.put_settings({"refresh_interval": None, "number_of_replicas": None, "translog.durability": None}, index)
engine.indices.refresh(index)
print(engine.count(index=index)["count"])
