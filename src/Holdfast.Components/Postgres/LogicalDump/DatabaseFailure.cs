using System.Text.Json;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// A failure of one database alone. Its owner decides what it holds, so a failure in it must not prevent any other
/// database from being captured or restored. A failing repository, or a server that does not answer, is not a failure
/// of a database.
/// </summary>
internal static class DatabaseFailure
{
    /// <summary>Returns whether the failure may be limited to one database.</summary>
    public static bool MayBe(Exception failure) =>
        failure is ProblemException known
            ? known.Problem.Code.StartsWith("HF-PG-", StringComparison.Ordinal)
            : failure is JsonException || PostgresProblem.Recognises(failure);

    /// <summary>
    /// Returns the problem for a failure. <paramref name="what"/> is the beginning of a sentence, for failures that
    /// have no message of their own.
    /// </summary>
    public static Problem ProblemOf(Exception failure, string what) => failure switch
    {
        ProblemException known => known.Problem,
        JsonException => Catalogue.PostgresRefused.With(
            $"{what}: its catalog gave an answer that cannot be read: {failure.Message}"),
        _ => PostgresProblem.Of(failure, what, Catalogue.PostgresRefused).Problem,
    };

    /// <summary>
    /// Returns whether the server still accepts connections and answers: then the failure was the database's.
    /// </summary>
    public static async Task<bool> AnswersAsync(PostgresConnector connector, CancellationToken cancellation)
    {
        try
        {
            await using var connection = await connector.OpenMaintenanceAsync(cancellation);
            return await connection.ScalarAsync<int>("SELECT 1", cancellation) == 1;
        }
        catch (Exception failure) when (failure is ProblemException || PostgresProblem.Recognises(failure))
        {
            return false;
        }
    }
}
