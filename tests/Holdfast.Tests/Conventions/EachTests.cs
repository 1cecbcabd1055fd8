using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>No test passes because it had nothing to test: <c>Assert.All</c> holds for an empty list, <c>Each.Holds</c> does not.</summary>
public sealed class EachTests
{
    private const string Home = "tests/Holdfast.Testing/Each.cs";

    [Fact]
    public void Tests_that_check_each_item_have_one() => Report.None(
        from file in SourceFiles.Code
        where file.Path != Home
        from call in file.Nodes.OfType<InvocationExpressionSyntax>()
        where IsAll(call)
        select $"{file.Path}:{call.GetLocation().GetLineSpan().StartLinePosition.Line + 1}: {call}",
        "Use Each.Holds, which fails when there is nothing to check.");

    [Fact]
    public void Such_a_call_is_found() =>
        Assert.Contains(SourceFiles.Code.Single(file => file.Path == Home).Nodes.OfType<InvocationExpressionSyntax>(), IsAll);

    private static bool IsAll(InvocationExpressionSyntax call) => call.Expression.ToString() is "Assert.All" or "Assert.AllAsync";
}
