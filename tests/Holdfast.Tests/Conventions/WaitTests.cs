using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>
/// No test sleeps in the place of a condition: waits of tests are in <c>Eventually</c>, where each has a name and a deadline. What waits
/// by a clock that a test moves, or without an end, until it is cancelled, does not sleep.
/// </summary>
public sealed class WaitTests
{
    private const string Home = "tests/Holdfast.Testing/Eventually.cs";

    [Fact]
    public void Tests_wait_for_conditions() => Report.None(
        from file in Tests
        where file.Path is not Home
        from call in file.Nodes.OfType<InvocationExpressionSyntax>()
        where Sleeps(call)
        select $"{file.Path}:{call.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {call}",
        "Use Eventually.HoldsAsync with the name of the condition, or Eventually.PassAsync where time itself is what a test needs.");

    [Fact]
    public void The_waits_of_tests_are_found() =>
        Assert.Contains(Tests.Single(file => file.Path == Home).Nodes.OfType<InvocationExpressionSyntax>(), Sleeps);

    private static IEnumerable<SourceFile> Tests => SourceFiles.Code.Where(file => file.Path.StartsWith("tests/", StringComparison.Ordinal));

    private static bool Sleeps(InvocationExpressionSyntax call)
    {
        var arguments = call.ArgumentList.Arguments;
        return call.Expression.ToString() switch
        {
            "Thread.Sleep" => true,
            "Task.Delay" => !arguments.Any(argument => argument.ToString().Contains("clock", StringComparison.OrdinalIgnoreCase))
                && arguments[0].ToString() is not ("Timeout.Infinite" or "Timeout.InfiniteTimeSpan" or "-1"),
            _ => false,
        };
    }
}
