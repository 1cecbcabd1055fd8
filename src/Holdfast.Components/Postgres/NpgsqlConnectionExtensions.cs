using System.Text.Json;
using System.Text.Json.Serialization.Metadata;
using Npgsql;

namespace Holdfast.Components.Postgres;

/// <summary>The few ways in which this component talks SQL.</summary>
internal static class NpgsqlConnectionExtensions
{
    public static async Task ExecuteAsync(this NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        await command.ExecuteNonQueryAsync(cancellation);
    }

    /// <summary>The first value of the first row; null for NULL and for no row.</summary>
    public static async Task<T?> ScalarAsync<T>(this NpgsqlConnection connection, string sql, CancellationToken cancellation)
    {
        await using var command = new NpgsqlCommand(sql, connection);
        var value = await command.ExecuteScalarAsync(cancellation);
        return value is null or DBNull ? default : (T)value;
    }

    /// <summary>The rows of a query, every value as the server's text; NULL is an empty one. So no type of the server's has to be known.</summary>
    public static async Task<IReadOnlyList<T>> RowsAsync<T>(this NpgsqlConnection connection, string sql, Func<string[], T> read, CancellationToken cancellation, int most = int.MaxValue)
    {
        await using var command = new NpgsqlCommand(sql, connection) { AllResultTypesAreUnknown = true };
        await using var reader = await command.ExecuteReaderAsync(cancellation);
        var rows = new List<T>();
        while (rows.Count < most && await reader.ReadAsync(cancellation))
        {
            var row = new string[reader.FieldCount];
            for (var i = 0; i < row.Length; i++) row[i] = await reader.IsDBNullAsync(i, cancellation) ? "" : reader.GetString(i);
            rows.Add(read(row));
        }
        return rows;
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
