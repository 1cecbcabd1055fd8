using System.Net.Sockets;
using System.Text;
using Holdfast.Engine.Hosts;
using Holdfast.Engine.Problems;
using Npgsql;

namespace Holdfast.Components.Postgres.Connection;

/// <summary>
/// Translates PostgreSQL's errors into problems, by SQLSTATE. Source: PostgreSQL's manual, appendix A.
/// </summary>
internal static class PostgresProblem
{
    public static bool Recognises(Exception exception) =>
        exception is NpgsqlException or SocketException or TimeoutException or DecoderFallbackException or IOException { InnerException: SocketException };

    /// <summary>
    /// Creates the exception that ends a step. <paramref name="what"/> is the beginning of the sentence, without its
    /// end.
    /// </summary>
    public static ProblemException Of(Exception exception, string what, ProblemKind? otherwise = null) =>
        KindOf(exception, otherwise).Throwable($"{what}: {Reason(exception)}", exception);

    /// <summary>Creates the exception for a connection that could not be opened.</summary>
    /// <param name="exception">The cause of the failure.</param>
    /// <param name="what">The beginning of the sentence, without its end.</param>
    /// <param name="socket">The path of the Unix socket; null for a connection by TCP.</param>
    public static ProblemException OfConnecting(Exception exception, string what, string? socket) => socket is not null && SocketFailure(exception) is { } refused
        ? Catalogue.PostgresUnreachable.Throwable($"{what}: {UnixSocket.Explain(socket, refused)}.", exception)
        : Of(exception, what);

    private static SocketException? SocketFailure(Exception? exception) => exception as SocketException ?? (exception is null ? null : SocketFailure(exception.InnerException));

    /// <summary>Maps an SQLSTATE to a kind of problem.</summary>
    public static ProblemKind KindOf(string state, ProblemKind otherwise) => state switch
    {
        "3D000" => Catalogue.PostgresDatabaseMissing,
        "28000" or "28P01" => Catalogue.PostgresAuthentication,
        "42501" => Catalogue.PostgresPermission,
        "55P03" => Catalogue.PostgresLocked,
        "53100" => Catalogue.PostgresFull,
        "53200" => Catalogue.PostgresMemory,
        "53300" => Catalogue.PostgresBusy,
        "57P01" or "57P02" or "57P03" => Catalogue.PostgresUnreachable,
        _ when state.StartsWith("08", StringComparison.Ordinal) => Catalogue.PostgresUnreachable,
        _ => otherwise,
    };

    private static ProblemKind KindOf(Exception exception, ProblemKind? otherwise) => exception switch
    {
        PostgresException refused => KindOf(refused.SqlState, otherwise ?? Catalogue.PostgresRefused),
        NpgsqlException { InnerException: { } inner } => KindOf(inner, otherwise ?? Catalogue.PostgresUnreachable),
        DecoderFallbackException => otherwise ?? Catalogue.PostgresRefused,
        NpgsqlException { Message: var message } when message.Contains("password", StringComparison.OrdinalIgnoreCase) => Catalogue.PostgresAuthentication,
        _ => Catalogue.PostgresUnreachable,
    };

    private static string Reason(Exception exception) => exception switch
    {
        PostgresException refused => Sentence(refused),
        NpgsqlException { InnerException: { } inner } and not PostgresException => Reason(inner),
        DecoderFallbackException { BytesUnknown: var bytes } => $"it sent text that is not UTF-8 (0x{Convert.ToHexString(bytes ?? [])}): a database, role, tablespace or other object has such a name",
        _ => exception.Message,
    };

    /// <summary>The server's message with its detail and hint.</summary>
    public static string Sentence(PostgresException refused)
    {
        string?[] more = [refused.Detail, refused.Hint];
        var told = string.Join(' ', more.Where(text => !string.IsNullOrEmpty(text)));
        return $"{refused.MessageText}{(told.Length > 0 ? $" ({told})" : "")} [{refused.SqlState}]";
    }
}
