using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>Runs SQL statements for this component.</summary>
internal static class NpgsqlConnectionExtensions
{
    /// <summary>
    /// Limits of a result: rows that are skipped, and characters of rows that are kept. No result of this component's
    /// queries has so many.
    /// </summary>
    private const int MostRows = 1_000_000, MostText = 256 << 20;

    /// <summary>
    /// The number of notices accepted for one statement: a server that sends more sends them without end.
    /// </summary>
    private const int MostNotices = 1_000_000;

    /// <summary>The approximate overhead of a value, in characters.</summary>
    private const int PerValue = 16;

    public static async Task ExecuteAsync(this NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        using var patience = new NoticePatience(connection, MostNotices, cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await OpenAsync(command, patience);
        await PassOverAsync(reader, patience);
    }

    /// <summary>Returns the first value of the first row; null for NULL and for no row.</summary>
    public static async Task<T?> ScalarAsync<T>(this NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        using var patience = new NoticePatience(connection, MostNotices, cancellation);
        await using var command = new NpgsqlCommand(sql, connection);
        await using var reader = await OpenAsync(command, patience);
        var value = await NextAsync(reader, patience) && reader.FieldCount > 0 ? reader.GetValue(0) : null;
        await PassOverAsync(reader, patience);
        return value is null or DBNull ? default : (T)value;
    }

    /// <summary>
    /// Returns the rows of a query, every value as the server's text; NULL is an empty string. So no type of the
    /// server's has to be known.
    /// </summary>
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

    /// <summary>Reads to the end of all results, so that the error of a later statement is thrown.</summary>
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

    /// <summary>
    /// Cancels the statement: disposing of a reader would read the rest. A cancelled read asks the server to stop, and
    /// closes the connection when the server does not.
    /// </summary>
    private static async Task<NpgsqlException> BreakOffAsync(NpgsqlDataReader reader)
    {
        using var cancelled = new CancellationTokenSource();
        await cancelled.CancelAsync();
        try
        {
            while (await reader.ReadAsync(cancelled.Token))
            {
                // Rows that were received already are skipped.
            }
        }
        catch (Exception over) when (over is OperationCanceledException or NpgsqlException)
        {
            // The cancellation is the expected end.
        }
        return new NpgsqlException("it sends rows without an end");
    }

    /// <summary>Returns server_version_num: 150018.</summary>
    public static async Task<int> VersionAsync(this NpgsqlConnection connection, CancellationToken cancellation) =>
        int.Parse(await connection.ScalarAsync<string>("SHOW server_version_num", cancellation) ?? "0");

    /// <summary>
    /// Returns the result of a query for one text value that is JSON. The catalog is queried in this way: one round
    /// trip for whole lists of records, and no types of the server's to map.
    /// </summary>
    public static async Task<T> JsonAsync<T>(this NpgsqlConnection connection, string sql, JsonTypeInfo<T> type, CancellationToken cancellation)
    {
        var json = await connection.ScalarAsync<string>(sql, cancellation);
        return JsonSerializer.Deserialize(json ?? "null", type) ?? throw new InvalidDataException("The catalog gave no answer.");
    }
}
