using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>Files and methods stay small enough to be read in one go.</summary>
public sealed class SizeTests
{
    private const int FileLimit = 400;
    private const int MethodLimit = 70;
    private const string Advice = "Split it along what it does. If that would make it worse, give it a line in ratchet.txt with the reason.";

    [Fact]
    public void No_file_is_longer_than_400_lines() =>
        Report.None(new Ratchet("file", FileLimit).Offences([.. SourceFiles.Code.Select(file => (file.Path, Lines(file.Text)))]), Advice);

    [Fact]
    public void No_method_is_longer_than_70_lines() =>
        Report.None(new Ratchet("method", MethodLimit).Offences([.. SourceFiles.Code.SelectMany(Methods)]), Advice);

    /// <summary>The longest of each name, because overloads share it.</summary>
    private static IEnumerable<(string Place, int Lines)> Methods(SourceFile file) => file.Nodes
        .Select(node => (Name: NameOf(node), Node: node))
        .Where(method => method.Name is not null)
        .GroupBy(method => method.Name, method => SpannedLines(method.Node), StringComparer.Ordinal)
        .Select(group => ($"{file.Path}:{group.Key}", group.Max()));

    private static string? NameOf(SyntaxNode node) => node switch
    {
        MethodDeclarationSyntax method => method.Identifier.Text,
        LocalFunctionStatementSyntax local => local.Identifier.Text,
        ConstructorDeclarationSyntax constructor => constructor.Identifier.Text,
        OperatorDeclarationSyntax operation => $"operator{operation.OperatorToken.Text}",
        AccessorDeclarationSyntax { Parent.Parent: PropertyDeclarationSyntax property } accessor => $"{property.Identifier.Text}.{accessor.Keyword.Text}",
        _ => null,
    };

    private static int SpannedLines(SyntaxNode node)
    {
        var span = node.SyntaxTree.GetLineSpan(node.Span);
        return span.EndLinePosition.Line - span.StartLinePosition.Line + 1;
    }

    private static int Lines(string text) => text.AsSpan().Count('\n');
}
