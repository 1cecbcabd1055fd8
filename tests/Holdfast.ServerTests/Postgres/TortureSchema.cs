namespace Holdfast.ServerTests.Postgres;

/// <summary>A database with one of everything that makes dumps hard.</summary>
internal static class TortureSchema
{
    public const string Roles = """"
        CREATE ROLE app_owner LOGIN PASSWORD 'it''s secret';
        CREATE ROLE "Odd ""Reader""" NOLOGIN;
        GRANT pg_monitor TO app_owner;
        ALTER ROLE app_owner SET work_mem = '8MB';
        """";

    public const string Objects = """""
        CREATE EXTENSION hstore; CREATE EXTENSION citext; CREATE EXTENSION pg_trgm; CREATE EXTENSION lo;
        CREATE SCHEMA "Odd ""Schema""" AUTHORIZATION app_owner;
        COMMENT ON SCHEMA public IS 'of all';

        CREATE DOMAIN positive AS integer CHECK (VALUE > 0);
        CREATE TYPE mood AS ENUM ('sad', 'ok', 'happy');
        CREATE TYPE pair AS (a integer, b text);

        CREATE TABLE plain (id serial PRIMARY KEY, name text NOT NULL, mood mood DEFAULT 'ok', p pair, tags text[], h hstore, c citext,
            f double precision, r real, ts timestamptz, i interval, j jsonb, b bytea, n numeric, u uuid, x xml, ip inet, rng int4range);
        INSERT INTO plain (name, mood, p, tags, h, c, f, r, ts, i, j, b, n, u, x, ip, rng)
            SELECT E'tab\t nl\n cr\r back\\slash quote'' "dq" \u00e9\u4e16 ' || g, 'happy', ROW(g, 'x,y')::pair, ARRAY['a', NULL, 'c"d'], 'k=>v', 'CaSe',
                1.0 / 3 * g, 1.1, timestamptz '2026-03-29 01:30:00+01' + g * interval '1 hour', interval '1 mon -2 days 03:04:05.678',
                jsonb_build_object('g', g), decode(lpad(to_hex(g), 8, '0'), 'hex'), 'NaN', '12345678-1234-1234-1234-123456789abc', '<a/>', '10.0.0.1', '[1,5)'
            FROM generate_series(1, 500) g;
        INSERT INTO plain (name) VALUES (E'\\.'), (''), (E'\\N');
        DELETE FROM plain WHERE id = 17;
        ALTER TABLE plain DROP COLUMN r;
        COMMENT ON COLUMN plain.name IS E'line one\nline two';

        CREATE TABLE generated (a int, b int GENERATED ALWAYS AS (a * 2) STORED, c positive);
        INSERT INTO generated (a, c) SELECT g, g FROM generate_series(1, 50) g;
        CREATE TABLE only_generated (b int GENERATED ALWAYS AS (42) STORED);
        CREATE TABLE identities (id bigint GENERATED ALWAYS AS IDENTITY (START 1000 INCREMENT 10), v text);
        INSERT INTO identities (v) SELECT 'v' || g FROM generate_series(1, 20) g;
        CREATE TABLE no_columns (); INSERT INTO no_columns DEFAULT VALUES; INSERT INTO no_columns DEFAULT VALUES;
        CREATE TABLE empty_table (a int);
        CREATE UNLOGGED TABLE unlogged (a int); INSERT INTO unlogged VALUES (1);

        CREATE TABLE "Odd ""Schema"""."Tab
        le'é/.." ("Col
        umn" int PRIMARY KEY, "select" text, "ü""" text);
        INSERT INTO "Odd ""Schema"""."Tab
        le'é/.." VALUES (1, 'a', 'b'), (2, NULL, '');
        CREATE TABLE "UPPER" (a int); CREATE TABLE upper (a int); INSERT INTO "UPPER" VALUES (1); INSERT INTO upper VALUES (2), (3);
        CREATE TABLE "long-name-long-name-long-name-long-name-long-name-long-name-xyz" (a int);
        INSERT INTO "long-name-long-name-long-name-long-name-long-name-long-name-xyz" VALUES (7);
        CREATE TABLE "éééééééééééééééééééééééééééééé" (a int); INSERT INTO "éééééééééééééééééééééééééééééé" VALUES (8);

        CREATE TABLE parts (k int, at date NOT NULL, PRIMARY KEY (k, at)) PARTITION BY RANGE (at);
        CREATE TABLE parts_2025 PARTITION OF parts FOR VALUES FROM ('2025-01-01') TO ('2026-01-01');
        CREATE TABLE parts_2026 PARTITION OF parts FOR VALUES FROM ('2026-01-01') TO ('2027-01-01') PARTITION BY HASH (k);
        CREATE TABLE parts_2026_0 PARTITION OF parts_2026 FOR VALUES WITH (MODULUS 2, REMAINDER 0);
        CREATE TABLE parts_2026_1 PARTITION OF parts_2026 FOR VALUES WITH (MODULUS 2, REMAINDER 1);
        CREATE TABLE parts_rest PARTITION OF parts DEFAULT;
        INSERT INTO parts SELECT g, date '2024-06-01' + g * 10 FROM generate_series(1, 100) g;
        CREATE TABLE parent (a int, t text); CREATE TABLE child (extra text) INHERITS (parent);
        INSERT INTO parent VALUES (1, 'p'); INSERT INTO child VALUES (2, 'c', 'e');

        CREATE TABLE referrer (plain_id int REFERENCES plain(id), self int, CONSTRAINT later FOREIGN KEY (plain_id) REFERENCES plain(id) DEFERRABLE INITIALLY DEFERRED);
        INSERT INTO referrer SELECT id, id FROM plain;
        CREATE INDEX ON plain USING gin (name gin_trgm_ops); CREATE INDEX partial ON plain (lower(name)) WHERE id > 100;
        CREATE STATISTICS plain_stats ON id, mood FROM plain;
        ALTER TABLE plain ALTER COLUMN name SET STATISTICS 500;

        CREATE FUNCTION note() RETURNS trigger LANGUAGE plpgsql AS $fn$ BEGIN RAISE EXCEPTION 'triggers must not fire; really: "%"', NEW; END $fn$;
        CREATE TRIGGER no_fire BEFORE INSERT ON generated FOR EACH ROW EXECUTE FUNCTION note();
        CREATE RULE no_rule AS ON INSERT TO empty_table DO INSTEAD NOTHING;
        CREATE FUNCTION evt() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN NULL; END $$;
        CREATE EVENT TRIGGER watch_ddl ON ddl_command_end EXECUTE FUNCTION evt();
        CREATE AGGREGATE my_sum (int) (SFUNC = int4pl, STYPE = int, INITCOND = '0');
        CREATE OPERATOR === (LEFTARG = int, RIGHTARG = int, FUNCTION = int4eq);
        CREATE COLLATION nocase_c FROM "C";

        CREATE VIEW v AS SELECT id, name FROM plain WHERE id < 10;
        CREATE MATERIALIZED VIEW mv AS SELECT count(*) AS n FROM plain; CREATE UNIQUE INDEX ON mv (n);
        CREATE MATERIALIZED VIEW mv_on_mv AS SELECT n + 1 AS m FROM mv;
        CREATE MATERIALIZED VIEW mv_unpopulated AS SELECT 1 AS a WITH NO DATA;

        CREATE TABLE secured (owner name, v text); ALTER TABLE secured ENABLE ROW LEVEL SECURITY; ALTER TABLE secured FORCE ROW LEVEL SECURITY;
        CREATE POLICY own ON secured USING (owner = current_user); INSERT INTO secured VALUES ('a', 'x'), ('b', 'y');
        GRANT SELECT (owner) ON secured TO "Odd ""Reader"""; GRANT SELECT ON v TO PUBLIC;
        ALTER DEFAULT PRIVILEGES FOR ROLE app_owner GRANT SELECT ON TABLES TO "Odd ""Reader""";
        ALTER TABLE identities OWNER TO app_owner;

        CREATE SEQUENCE fresh START 5; CREATE SEQUENCE used; SELECT nextval('used') FROM generate_series(1, 7); CREATE SEQUENCE downward INCREMENT -1; SELECT nextval('downward');
        SELECT setval('used', 3, false);
        CREATE SEQUENCE "Odd ""Schema"""."s'q
        e"; SELECT nextval('"Odd ""Schema"""."s''q
        e"');

        SELECT lo_from_bytea(70001, decode(repeat('00ff0a', 10000), 'hex')); SELECT lo_create(70002); COMMENT ON LARGE OBJECT 70001 IS 'large';
        GRANT SELECT ON LARGE OBJECT 70002 TO app_owner;

        CREATE FOREIGN DATA WRAPPER dummy; CREATE SERVER elsewhere FOREIGN DATA WRAPPER dummy; CREATE FOREIGN TABLE remote (a int) SERVER elsewhere;
        CREATE PUBLICATION pub FOR TABLE plain; CREATE PUBLICATION pub_all FOR ALL TABLES;
        CREATE SUBSCRIPTION sub CONNECTION 'host=nowhere.invalid' PUBLICATION pub WITH (connect = false, slot_name = NONE);
        CREATE TABLE huge (t text); ALTER TABLE huge ALTER COLUMN t SET STORAGE EXTERNAL; INSERT INTO huge SELECT repeat(md5(g::text), 1000000) FROM generate_series(1, 2) g;
        """"";

    /// <summary>pg_dump gives the child another order of columns, so this is compared by its rows.</summary>
    public const string LateColumn = """
        CREATE SCHEMA other; CREATE TABLE other.parent (a int, t text); CREATE TABLE other.child (extra text) INHERITS (other.parent);
        ALTER TABLE other.parent ADD COLUMN late int; INSERT INTO other.child (a, t, extra, late) VALUES (1, 't', 'extra', 7);
        DROP SCHEMA public;
        """;

    public static string Properties(string name) => $""""
        ALTER DATABASE {name} OWNER TO app_owner;
        ALTER DATABASE {name} SET search_path = public, "Odd ""Schema""", "$user";
        ALTER DATABASE {name} SET "my.setting" = 'it''s \ here';
        ALTER ROLE app_owner IN DATABASE {name} SET statement_timeout = '42s';
        COMMENT ON DATABASE {name} IS E'A comment\n with a quote ''';
        REVOKE CONNECT ON DATABASE {name} FROM PUBLIC;
        GRANT CREATE, TEMPORARY ON DATABASE {name} TO "Odd ""Reader""" WITH GRANT OPTION;
        ALTER DATABASE {name} CONNECTION LIMIT 33;
        """";
}
