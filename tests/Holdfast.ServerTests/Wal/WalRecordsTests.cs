using System.Globalization;
using System.Text.RegularExpressions;
using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Wal;
using Holdfast.Testing;
using Xunit;

namespace Holdfast.ServerTests.Wal;

/// <summary>What we read in segments, beside what pg_waldump reads in them.</summary>
public sealed partial class WalRecordsTests
{
    [Fact]
    public async Task The_times_of_transactions_are_those_that_pg_waldump_tells()
    {
        await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Settings = ["max_prepared_transactions=5", "wal_keep_size='1GB'"] });
        await server.ExecuteAsync("postgres", """
            CREATE TABLE t (id serial PRIMARY KEY, filler text);
            ALTER TABLE t ALTER filler SET STORAGE EXTERNAL;
            SELECT pg_create_restore_point('first');
            """);
        for (var i = 0; i < 6; i++)
            await server.ExecuteAsync("postgres", $"""
                INSERT INTO t (filler) SELECT repeat(md5(random()::text), 200) FROM generate_series(1, 1500);
                BEGIN; DELETE FROM t WHERE id % 7 = 0; ROLLBACK;
                BEGIN; SAVEPOINT a; INSERT INTO t (filler) VALUES ('x'); RELEASE a; PREPARE TRANSACTION 'p{i}';
                COMMIT PREPARED 'p{i}';
                CREATE TABLE dropped (); DROP TABLE dropped;
                """);
        await server.QueryAsync("postgres", "SELECT pg_switch_wal()");
        var segments = Directory.GetFiles(WalScene.Log(server)).Where(path => WalSegment.TryParse(Path.GetFileName(path), out _)).Order(StringComparer.Ordinal).ToList();
        var compared = 0;
        foreach (var path in segments)
        {
            var dumped = await server.RunAsync("pg_waldump", ["--rmgr=Transaction", path]);
            var told = Times().Matches(dumped.Output).Select(match => DateTime.ParseExact(match.Groups["time"].Value, "yyyy-MM-dd HH:mm:ss.FFFFFF", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal | DateTimeStyles.AdjustToUniversal)).ToList();
            if (WalHeader.Read(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken)) is not { Version: 15 }) continue;
            var read = WalRecords.Read(await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken));
            if (told.Count == 0) continue;
            Assert.Equal(told[0], read.First?.UtcDateTime);
            Assert.Equal(told.Max(), read.Last?.UtcDateTime);
            compared++;
        }
        Assert.True(compared >= 2, $"Only {compared} of {segments.Count} segments had transactions.");
    }

    /// <summary>So many that some of them lie in two pages, and one in two segments.</summary>
    [Fact]
    public async Task Every_restore_point_is_found_where_the_server_says_that_it_is()
    {
        foreach (var bin in (string?[])[null, .. PostgresServer.OtherMajors])
        {
            await using var server = await PostgresServer.StartAsync(new PostgresServerOptions { Bin = bin, Settings = ["autovacuum=off", "checkpoint_timeout='1h'"] });
            var told = (await server.QueryAsync("postgres", "SELECT 'n' || n || ' ' || pg_create_restore_point('n' || n) FROM generate_series(1, 200000) n")).Split('\n');
            await server.QueryAsync("postgres", "SELECT pg_switch_wal()");
            var found = new List<string>();
            WalReader? reader = null;
            foreach (var path in Directory.GetFiles(WalScene.Log(server)).Where(path => WalSegment.TryParse(Path.GetFileName(path), out _)).Order(StringComparer.Ordinal))
            {
                var segment = await File.ReadAllBytesAsync(path, TestContext.Current.CancellationToken);
                var address = WalSegment.Parse(Path.GetFileName(path)).Start(WalSegment.UsualSize);
                reader ??= new WalReader(WalHeader.Read(segment)!, record =>
                {
                    if (record.Name is not null) found.Add($"{record.Name} {record.End}");
                });
                reader.Read(segment, address);
            }
            Assert.Equal(told, found);
        }
    }

    // A restore point is of another resource manager, and what was prepared did not end by that.
    [GeneratedRegex(@"desc: (COMMIT|ABORT)(_PREPARED)? (\d+: )?(?<time>[0-9-]{10} [0-9:]{8}(\.[0-9]+)?)", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Times();
}
