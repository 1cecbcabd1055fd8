using Holdfast.Components.Postgres.Format;
using Holdfast.Components.Postgres.Scripts;
using Holdfast.Engine.Planning;
using Npgsql;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// The rows of one table in COPY's text format. The server sends each row in a message of its own; they are collected
/// here into whole buffers. Rows are counted by their line breaks: a line break inside a value is written as \n, so
/// each one ends a row. Source: PostgreSQL's manual, COPY, "Text Format".
/// </summary>
internal sealed class CopyOut(NpgsqlCopyTextReader reader, StepCounters counters) : ReadOnlyStream
{
    public long Rows { get; private set; }
    public long Bytes { get; private set; }

    public static async Task<CopyOut> BeginAsync(
        NpgsqlConnection connection, CatalogTable table, string encoding, StepCounters counters, CancellationToken cancellation)
    {
        var source = table.Condition is null
            ? Sql.Qualified(table.Schema, table.Name) + Sql.Columns(table.Columns)
            : $"(SELECT {string.Join(", ", table.Columns.Select(Sql.Identifier))} FROM ONLY {Sql.Qualified(table.Schema, table.Name)} {table.Condition})";
        var reader = await connection.BeginTextExportAsync($"COPY {source} TO STDOUT WITH (ENCODING {Sql.Literal(encoding)})", cancellation);
        return new CopyOut(reader, counters);
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var filled = 0;
        while (filled < buffer.Length)
        {
            var read = await reader.BaseStream.ReadAsync(buffer[filled..], cancellationToken);
            if (read == 0) break;
            filled += read;
        }
        Count(buffer.Span[..filled]);
        return filled;
    }

    private void Count(ReadOnlySpan<byte> bytes)
    {
        Rows += bytes.Count((byte)'\n');
        Bytes += bytes.Length;
        Interlocked.Add(ref counters.BytesDone, bytes.Length);
    }

    public override async ValueTask DisposeAsync()
    {
        await reader.DisposeAsync();
        await base.DisposeAsync();
    }
}
