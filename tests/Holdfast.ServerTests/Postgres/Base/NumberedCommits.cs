using System.Globalization;
using System.Text;
using Holdfast.Testing;

namespace Holdfast.ServerTests.Postgres.Base;

/// <summary>What a numbered statement of a writer is.</summary>
internal enum CommitKind
{
    Short,

    /// <summary>Its row comes from a subtransaction, and another one, which was rolled back, is in it.</summary>
    Nested,
    RolledBack,

    /// <summary>Its row is there only when it is committed by a later number.</summary>
    Prepared,
    CommitPrepared,
    RollbackPrepared,
}

/// <summary>What a writer is to do.</summary>
/// <param name="Number">Used once; it is the row, except at the end of a prepared one.</param>
/// <param name="Kind">What it does.</param>
internal sealed record CommitOrder(int Number, CommitKind Kind = CommitKind.Short)
{
    /// <summary>The number of the prepared transaction that is ended.</summary>
    public int Of { get; init; }

    /// <summary>The restore point behind it.</summary>
    public string Name { get; init; } = $"after-{Number}";

    /// <summary>So many bytes of the segment are left where the record of its end begins; null for wherever it comes to lie.</summary>
    public int? Gap { get; init; }

    /// <summary>The same for the restore point.</summary>
    public int? NameGap { get; init; }
}

/// <summary>What was so right after a commit, and around it.</summary>
/// <param name="Number">Of the order.</param>
/// <param name="Time">A time that lies between it and the next.</param>
/// <param name="Xid">Its transaction.</param>
/// <param name="Lsn">Where the next record could begin.</param>
/// <param name="Name">The restore point behind it.</param>
internal sealed record Commit(int Number, string Time, string Xid, string Lsn, string Name)
{
    /// <summary>Where its last record begins.</summary>
    public string Before { get; init; } = "";

    /// <summary>The subtransaction that brought its row; "0" for none.</summary>
    public string Part { get; init; } = "0";

    /// <summary>The subtransaction that was rolled back in it, whose end is a record of its own, with where that begins and ends, and a time behind it; "0" for none.</summary>
    public (string Xid, string Before, string Lsn, string Time) Undone { get; init; } = ("0", "", "", "");

    /// <summary>Where the record of the restore point begins.</summary>
    public string NameBefore { get; init; } = "";

    /// <summary>Where the record of the restore point ends.</summary>
    public string NameLsn { get; init; } = "";

    /// <summary>A time behind the restore point.</summary>
    public string NameTime { get; init; } = "";
}

/// <summary>One session, as a program has it, that notes outside what it has committed, and when.</summary>
internal static class NumberedCommits
{
    /// <summary>What it writes to: "c" gets a row a number, and the last number stands in "w".</summary>
    public const string Tables = "CREATE TABLE c (n int PRIMARY KEY, pad text); CREATE TABLE w (id int PRIMARY KEY, n int); INSERT INTO w SELECT id, 0 FROM generate_series(0, 999) id;";

    /// <summary>
    /// Fills the log up to a few bytes before the end of a segment. A message is one record: its head (24), the head of its data (2, or 5 from 256 bytes on),
    /// 24 bytes of its own, the prefix with a zero, and the text. Source: PostgreSQL, src/include/replication/message.h (xl_logical_message).
    /// </summary>
    public const string Filler = """
        CREATE FUNCTION fill_up(gap int) RETURNS void LANGUAGE plpgsql AS $$
        DECLARE size int := pg_size_bytes(current_setting('wal_segment_size')); wanted int;
        BEGIN
            LOOP
                wanted := size - ((pg_current_wal_insert_lsn() - '0/0'::pg_lsn) % size)::int - gap;
                EXIT WHEN wanted < 56; -- no message is as short
                PERFORM pg_logical_emit_message(false, 'f', repeat('f', CASE
                    WHEN wanted > 8000 THEN greatest(wanted - 5000 - wanted / 8192 * 24, 1) WHEN wanted > 320 THEN wanted - 55 WHEN wanted > 280 THEN 4 ELSE wanted - 52 END));
                EXIT WHEN wanted <= 8000 AND wanted NOT BETWEEN 281 AND 320;
            END LOOP;
        END $$;
        """;

    public static Task<IReadOnlyList<Commit>> WriteAsync(PostgresServer server, int first, int last) =>
        WriteAsync(server, [.. Enumerable.Range(first, last - first + 1).Select(number => new CommitOrder(number))]);

    public static async Task<IReadOnlyList<Commit>> WriteAsync(PostgresServer server, IReadOnlyList<CommitOrder> orders)
    {
        var script = new StringBuilder();
        foreach (var order in orders)
        {
            script.Append("\\set _part 0\n\\set _undone 0\n\\set _undone_before ''\n\\set _undone_lsn ''\n\\set _undone_time ''\n").Append(Begin(order));
            if (order.Gap is { } gap) script.Append(CultureInfo.InvariantCulture, $"SELECT fill_up({gap}) AS filled \\gset _\n");
            script.Append("SELECT pg_current_wal_insert_lsn() AS before \\gset _\n").Append(End(order));
            // The time of the commit is a little before this, and the next commit a little after it.
            script.Append("SELECT clock_timestamp() AS time, pg_current_wal_insert_lsn() AS lsn \\gset _\n");
            if (order.NameGap is { } nameGap) script.Append(CultureInfo.InvariantCulture, $"SELECT fill_up({nameGap}) AS filled \\gset _\n");
            script.Append("SELECT pg_current_wal_insert_lsn() AS name \\gset _\n");
            script.Append(CultureInfo.InvariantCulture, $"SELECT {order.Number}, :'_time', :_xid, :'_lsn', :'_before', :_part, :'_name', lsn, clock_timestamp(), :_undone, :'_undone_before', :'_undone_lsn', :'_undone_time' FROM pg_create_restore_point('{order.Name}') lsn;\n");
        }
        var file = Path.Join(server.Folder, "commits.sql");
        await File.WriteAllTextAsync(file, script.ToString(), BaseRig.Cancellation);
        var told = (await server.RunAsync("psql", ["-XAtq", "-v", "ON_ERROR_STOP=1", "-f", file])).Succeeded().Output;
        return [.. told.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => line.Split('|')).Zip(orders, Read)];
    }

    private static Commit Read(string[] row, CommitOrder order) => new(int.Parse(row[0], CultureInfo.InvariantCulture), row[1], row[2], row[3], order.Name)
    {
        Before = row[4], Part = row[5], NameBefore = row[6], NameLsn = row[7], NameTime = row[8], Undone = (row[9], row[10], row[11], row[12]),
    };

    private static string Begin(CommitOrder order) => order.Kind switch
    {
        CommitKind.Short => $"BEGIN; UPDATE w SET n = {order.Number} WHERE id % 7 = {order.Number % 7}; {Insert(order.Number)} RETURNING pg_current_xact_id() AS xid \\gset _\n",
        CommitKind.Nested => $"BEGIN; SAVEPOINT a; {Insert(-order.Number)} RETURNING xmin::text AS undone, pg_current_wal_insert_lsn() AS undone_before \\gset _\nROLLBACK TO a; SELECT clock_timestamp() AS undone_time, pg_current_wal_insert_lsn() AS undone_lsn \\gset _\nSAVEPOINT b; {Insert(order.Number)} RETURNING xmin::text AS part \\gset _\nRELEASE b; SELECT pg_current_xact_id() AS xid \\gset _\n",
        CommitKind.RolledBack or CommitKind.Prepared => $"BEGIN; {Insert(order.Number)} RETURNING pg_current_xact_id() AS xid \\gset _\n",
        _ => $"SELECT transaction AS xid FROM pg_prepared_xacts WHERE gid = 'p-{order.Of}' \\gset _\n",
    };

    private static string Insert(int number) => $"INSERT INTO c VALUES ({number}, repeat('x', 3000))";

    private static string End(CommitOrder order) => order.Kind switch
    {
        CommitKind.RolledBack => "ROLLBACK;\n",
        CommitKind.Prepared => $"PREPARE TRANSACTION 'p-{order.Number}';\n",
        CommitKind.CommitPrepared => $"COMMIT PREPARED 'p-{order.Of}';\n",
        CommitKind.RollbackPrepared => $"ROLLBACK PREPARED 'p-{order.Of}';\n",
        _ => "COMMIT;\n",
    };
}
