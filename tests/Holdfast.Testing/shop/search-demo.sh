# What ./demo does with a real search engine, whose indices are built from tables of the shop. It uses $core, $scratch, $shop, $holdfast, sql,
# show, say, fail, prove and proofs of ./demo.

readonly aliases=(audit documents draft-entities extracts stix)
engines=${HOLDFAST_SEARCH_ENGINES:-../shared/search-engine}

# True when an engine can be started; otherwise $why_no_search says why not.
find_engine() {
  local program
  [ -z "$core" ] || { why_no_search="this is its core alone"; return 1; }
  [ -x "$engines/up" ] || { why_no_search="no search engine is here: HOLDFAST_SEARCH_ENGINES names no folder with 'up' and 'down' in it"; return 1; }
  for program in java python3; do type -P "$program" >/dev/null || { why_no_search="$program is not here"; return 1; }; done
}

# A new, empty engine at the address of the old one.
start_engine() {
  engine_port=${engine_port:-$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')}
  engine_url=$("$engines/up" elasticsearch "$scratch/engine" --port "$engine_port" --repo "$scratch/snapshots" | tail -1)
}

stop_engine() { "$engines/down" "$scratch/engine" "$@"; }

# The parts of the sample profile that are comments, because not every platform has a search engine.
add_search_to_profile() {
  sed -i -E "/^  # search:/,/^\$/s/^  # /  /; /^# packages:/,/^\$/s/^# //; s#http://127.0.0.1:9200#$engine_url#; s#/var/backups/search#$scratch/snapshots#" "$HOLDFAST_PROFILE"
}

fill_search() {
  sql -d shop <<'END'
SET ROLE shop_owner;
CREATE TABLE app.audit (id bigint PRIMARY KEY, version bigint NOT NULL DEFAULT 1, document jsonb NOT NULL);
CREATE TABLE app.document (id text PRIMARY KEY, version timestamptz NOT NULL DEFAULT now(), document jsonb NOT NULL);
CREATE TABLE app.draft_entity (LIKE app.audit INCLUDING ALL);
CREATE TABLE app.extract (LIKE app.audit INCLUDING ALL);
CREATE TABLE app.stix (id text PRIMARY KEY, document jsonb NOT NULL);
INSERT INTO app.audit SELECT i, 1, jsonb_build_object('at', '2026-01-01'::date + i % 300, 'who', 'user' || i % 7, 'what', 'signed in ' || md5(i::text)) FROM generate_series(1, 4000) i;
INSERT INTO app.document SELECT 'document-' || i, now(), jsonb_build_object('title', E'Caf\u00e9 "' || i || '" 漢字', 'created', '2026-01-01'::date + i % 300) FROM generate_series(1, 3000) i;
INSERT INTO app.draft_entity SELECT i, 1, jsonb_build_object('name', 'draft ' || i) FROM generate_series(1, 500) i;
INSERT INTO app.extract SELECT i, 1, jsonb_build_object('kind', (ARRAY['ipv4', 'domain'])[1 + i % 2], 'value', md5(i::text)) FROM generate_series(1, 5000) i;
CREATE TABLE app.blob (id bigint PRIMARY KEY, processing_status text, message text);
INSERT INTO app.blob SELECT i, (ARRAY['success', 'success', 'pending'])[1 + i % 3], NULL FROM generate_series(1, 200) i;
UPDATE app.blob SET processing_status = 'failed', message = 'not well-formed: line ' || id WHERE id IN (17, 42);
UPDATE app.blob SET processing_status = NULL WHERE id = 99;
INSERT INTO app.stix SELECT 'indicator--' || i, jsonb_build_object('modified', '2026-01-01'::timestamp + i * interval '1 minute', 'type', 'indicator') FROM generate_series(1, 1000) i;
END
  show "$holdfast" search reindex "${aliases[@]}"
}

# Each document of each index with a hash of its content; $1.rows-of-search has the same of the tables.
picture_search() {
  python3 "$shop/documents.py" engine "$engine_url" "${aliases[@]}" >"$scratch/$1.search"
  sql -d shop -At >"$scratch/rows" <<'END'
SELECT json_build_object('index', index, 'id', id, 'document', document) FROM (
  SELECT 'audit' AS index, id::text, document FROM app.audit UNION ALL SELECT 'documents', id, document FROM app.document
  UNION ALL SELECT 'draft-entities', id::text, document FROM app.draft_entity UNION ALL SELECT 'extracts', id::text, document FROM app.extract
  UNION ALL SELECT 'stix', id, document FROM app.stix) everything
END
  python3 "$shop/documents.py" rows <"$scratch/rows" >"$scratch/$1.search-rows"
  [ "$(wc -l <"$scratch/$1.search")" -gt 10000 ] || fail "Not all documents were listed."
}

# The engine's machine is lost with the others, its own snapshots too.
destroy_search() {
  stop_engine KILL
  rm -rf "$scratch/engine" "$scratch/snapshots"
}

# What people do after the recovery is in the database alone, until the index is told.
prove_search() {
  prove "Search: every document by id and content" "$scratch/before.search" "$scratch/after.search"
  sql -d shop -c "UPDATE app.document SET version = clock_timestamp(), document = document || '{\"title\": \"changed\"}' WHERE id LIKE 'document-7_'" \
    -c "DELETE FROM app.extract WHERE id % 1000 = 1" -c "INSERT INTO app.draft_entity VALUES (501, 1, '{\"name\": \"new\"}')"
  if [ -z "${HOLDFAST_PROFILE:-}" ]; then
    printf '\n$ holdfast points profile latest > $DEMO/holdfast/profile.yaml\n'
    "$holdfast" points profile latest --repository "$scratch/repository" --password-file "$scratch/holdfast/password" >"$scratch/holdfast/profile.yaml"
    export HOLDFAST_PROFILE=$scratch/holdfast/profile.yaml
  fi
  show "$holdfast" search sync
  picture_search synced
  if cmp -s "$scratch/after.search" "$scratch/synced.search"; then fail "The sync changed nothing."; fi
  show "$holdfast" packages failed
  show "$holdfast" packages retry 42 99 --yes
  [ "$(sql -d shop -At -c "SELECT string_agg(id::text, ' ' ORDER BY id) FROM app.blob WHERE processing_status = 'failed'")" = 17 ] || fail "Not the packages 42 and 99 were tried again."
  proofs+=("Packages: those that failed are found, one without a status among them, and what was named is tried again")
  prove "Search after 16 changes in the database and 'holdfast search sync': the index against the tables" "$scratch/synced.search-rows" "$scratch/synced.search"
}
