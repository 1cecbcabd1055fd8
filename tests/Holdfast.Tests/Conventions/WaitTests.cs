using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>
/// No test sleeps in the place of a condition: waits of tests are in <c>Eventually</c>, where each has a name and a deadline. What waits
/// by a clock that a test moves, or without an end, until it is cancelled, does not sleep.
/// </summary>
public sealed partial class WaitTests
{
    private const string Home = "tests/Holdfast.Testing/Eventually.cs", Examples = "tests/Holdfast.Tests/Conventions/WaitTests.cs";

    [Fact]
    public void Tests_wait_for_conditions() => Report.None(
        from file in Tests
        where file.Path is not Home
        from call in file.Nodes.OfType<InvocationExpressionSyntax>()
        where Sleeps(call)
        select $"{file.Path}:{call.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {call}",
        "Use Eventually.HoldsAsync with the name of the condition, or Eventually.PassAsync where time itself is what a test needs.");

    [Fact]
    public void Scripts_of_tests_wait_for_conditions() => Report.None(
        from file in Tests
        where file.Path is not Examples
        from text in file.Nodes.Where(node => node is LiteralExpressionSyntax or InterpolatedStringExpressionSyntax)
        where ScriptSleep().IsMatch(text.ToString())
        select $"{file.Path}:{text.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {ScriptSleep().Match(text.ToString()).Value.Trim()}",
        "Use SystemdBox.HoldsAsync, or a loop that asks and has an end.");

    [Theory]
    [InlineData("systemctl restart web.service; sleep 0.3", true)]
    [InlineData("systemctl restart web.service\n  sleep 1\n  kill 1", true)]
    [InlineData("until [ -e /run/go ]; do sleep 0.05; done", false)]
    [InlineData("for i in $(seq 9); do\n  [ -e /run/go ] && exit\n  sleep 0.05\ndone; exit 1", false)]
    public void Sleeps_of_scripts_are_found(string script, bool found) => Assert.Equal(found, ScriptSleep().IsMatch(script));

    [Fact]
    public void The_waits_of_tests_are_found() =>
        Assert.Contains(Tests.Single(file => file.Path == Home).Nodes.OfType<InvocationExpressionSyntax>(), Sleeps);

    /// <summary>A sleep for a fixed time that is a command by itself; not the last one of a loop's body or of a branch.</summary>
    [GeneratedRegex(@"(^|[;\n]|&&)\s*sleep [0-9.]+(?=\s*($|[;\n""&]))(?!\s*;?\s*(done|fi)\b)", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex ScriptSleep();

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
