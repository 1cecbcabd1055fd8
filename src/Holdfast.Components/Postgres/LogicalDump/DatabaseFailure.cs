using System.Text.Json;
using Holdfast.Components.Postgres.Connection;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Postgres.LogicalDump;

/// <summary>
/// A failure that stays with one database. Who owns it decides what it holds, so what goes wrong in it must not keep
/// any other from being captured or restored. A
/// repository that fails, and a server that does not answer, are no database's.
/// </summary>
internal static class DatabaseFailure
{
    /// <summary>Whether it may be of one database alone.</summary>
    public static bool MayBe(Exception failure) =>
        failure is ProblemException known
            ? known.Problem.Code.StartsWith("HF-PG-", StringComparison.Ordinal)
            : failure is JsonException || PostgresProblem.Recognises(failure);

    /// <summary>
    /// What it means to a person. <paramref name="what"/> is the beginning of a sentence, for failures that have none
    /// of their own.
    /// </summary>
    public static Problem ProblemOf(Exception failure, string what) => failure switch
    {
        ProblemException known => known.Problem,
        JsonException => Catalogue.PostgresRefused.With(
            $"{what}: its catalog gave an answer that cannot be read: {failure.Message}"),
        _ => PostgresProblem.Of(failure, what, Catalogue.PostgresRefused).Problem,
    };

    /// <summary>Whether the server still lets us in and answers: then it was the database.</summary>
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
