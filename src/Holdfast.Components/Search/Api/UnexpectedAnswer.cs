using System.Text.Json;
using Holdfast.Engine.Planning;
using Holdfast.Engine.Problems;

namespace Holdfast.Components.Search.Api;

/// <summary>
/// Converts errors in the form of an answer into problems: a text where a number is required, an object without a list
/// that every answer has. The program on the port may not be the engine, or may be malicious.
/// </summary>
internal static class UnexpectedAnswer
{
    /// <summary>Does something that reads answers of a server.</summary>
    /// <param name="place">The server.</param>
    /// <param name="act">What is done.</param>
    /// <exception cref="ProblemException">An answer is not what it must be; or as of what is done.</exception>
    public static async Task<T> RefuseAsync<T>(string place, Func<Task<T>> act)
    {
        try
        {
            return await act();
        }
        catch (Exception odd) when (odd is (InvalidOperationException and not ObjectDisposedException) or FormatException or KeyNotFoundException or JsonException or NullReferenceException or OverflowException or ArgumentException)
        {
            throw Catalogue.WebAnswer.Throwable($"{place} does not answer as Elasticsearch and OpenSearch do: {odd.Message.TrimEnd('.')}.", odd);
        }
    }

    /// <summary>The same steps, each with such a guard.</summary>
    public static IReadOnlyList<Step> Guard(string place, IReadOnlyList<Step> steps) =>
    [
        .. steps.Select(step => step with
        {
            Act = (context, stop) => RefuseAsync(place, async () =>
            {
                await step.Act(context, stop);
                return true;
            }),
        }),
    ];
}
