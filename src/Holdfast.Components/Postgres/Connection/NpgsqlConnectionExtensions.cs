using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>The few ways in which this component talks SQL.</summary>
internal static class NpgsqlConnectionExtensions
{
    /// <summary>Rows of an answer that nothing is done with, and characters of those that are kept: no answer to a question of ours has so many.</summary>
    private const int MostRows = 1_000_000, MostText = 256 << 20;

    /// <summary>Notices of one statement: a server that has more to say than this says it without an end.</summary>
    private const int MostNotices = 1_000_000;

    /// <summary>Characters that a value takes beside its own, roughly.</summary>
    private const int PerValue = 16;

    public static async Task ExecuteAsync(this NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        using var patience = new NoticePatience(connection, MostNotices, cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await OpenAsync(command, patience);
        await PassOverAsync(reader, patience);
    }

    /// <summary>The first value of the first row; null for NULL and for no row.</summary>
    public static async Task<T?> ScalarAsync<T>(this NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        using var patience = new NoticePatience(connection, MostNotices, cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await OpenAsync(command, patience);
        var value = await NextAsync(reader, patience) && reader.FieldCount > 0 ? reader.GetValue(0) : null;
        await PassOverAsync(reader, patience);
        return value is null or DBNull ? default : (T)value;
    }

    /// <summary>The rows of a query, every value as the server's text; NULL is an empty one. So no type of the server's has to be known.</summary>
    public static async Task<IReadOnlyList<T>> RowsAsync<T>(this NpgsqlConnection connection, string sql, Func<string[], T> read, CancellationToken cancellation, int most = int.MaxValue)
    {
        using var patience = new NoticePatience(connection, MostNotices, cancellation);
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await using var reader = await OpenAsync(command, patience);
        var rows = new List<T>();
        for (long room = MostText; rows.Count < most && await NextAsync(reader, patience);)
        {
            var row = new string[reader.FieldCount];
            for (var i = 0; i < row.Length; i++) row[i] = await reader.IsDBNullAsync(i, cancellation) ? "" : reader.GetString(i);
            rows.Add(read(row));
            room -= row.Sum(value => value.Length + PerValue);
            if (room < 0) throw await BreakOffAsync(reader);
        }
        await PassOverAsync(reader, patience);
        return rows;
    }

    private static Task<NpgsqlDataReader> OpenAsync(NpgsqlCommand command, NoticePatience patience) => HoldingAsync(patience, command.ExecuteReaderAsync);

    private static Task<bool> NextAsync(NpgsqlDataReader reader, NoticePatience patience) => HoldingAsync(patience, reader.ReadAsync);

    /// <summary>Reads to the end of all answers: what a later statement was refused for is thrown.</summary>
    private static async Task PassOverAsync(NpgsqlDataReader reader, NoticePatience patience)
    {
        var rows = 0;
        do
            while (await NextAsync(reader, patience))
                if (++rows > MostRows) throw await BreakOffAsync(reader);
        while (await HoldingAsync(patience, reader.NextResultAsync));
    }

    private static async Task<T> HoldingAsync<T>(NoticePatience patience, Func<CancellationToken, Task<T>> read)
    {
        try
        {
            return await read(patience.Token);
        }
        catch (OperationCanceledException endless) when (patience.IsOver)
        {
            throw new NpgsqlException("There are too many notices.", new InvalidDataException("it sends notices without an end", endless));
        }
        catch (OutOfMemoryException tooLarge)
        {
            throw new NpgsqlException("A row is too large.", new InvalidDataException("it announced a row that is too large to be held", tooLarge));
        }
    }

    /// <summary>To dispose of a reader reads the rest. A read that is cancelled asks the server to stop, and gives the connection up where it does not.</summary>
    private static async Task<NpgsqlException> BreakOffAsync(NpgsqlDataReader reader)
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        try
        {
            while (await reader.ReadAsync(cancelled.Token))
            {
                // What has come already.
            }
        }
        catch (Exception over) when (over is OperationCanceledException or NpgsqlException)
        {
            // As it should be.
        }
        return new NpgsqlException("it sends rows without an end");
    }

    /// <summary>server_version_num: 150018.</summary>
    public static async Task<int> VersionAsync(this NpgsqlConnection connection, CancellationToken cancellation) =>
        int.Parse(await connection.ScalarAsync<string>("SHOW server_version_num", cancellation) ?? "0");

    /// <summary>
    /// The answer of a query of one text value that is JSON. The catalog is asked in this way: one round trip for whole
    /// lists of records, and no type of the server's to map.
    /// </summary>
    public static async Task<T> JsonAsync<T>(this NpgsqlConnection connection, string sql, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        var json = await connection.ScalarAsync<string>(sql, cancellation);
        return JsonSerializer.Deserialize(json ?? "null", type) ?? throw new InvalidDataException("The catalog gave no answer.");
    }
}
