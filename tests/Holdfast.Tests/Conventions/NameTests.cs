using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>A name says what a thing is for; rooms where anything could live are not built.</summary>
public sealed partial class NameTests
{
    [Fact]
    public void No_type_or_namespace_is_named_after_a_junk_room() =>
        Report.None(
            from file in SourceFiles.Code
            from name in Declared(file)
            where JunkRoom().IsMatch(name)
            select $"{file.Path}: {name}",
            "Name it after what it does for its callers.");

    [Fact]
    public void A_file_is_named_after_a_type_in_it() =>
        Report.None(
            from file in SourceFiles.Code
            let stem = Path.GetFileName(file.Path).Split('.')[0]
            let types = Declared(file).ToHashSet(StringComparer.Ordinal)
            where types.Count > 0 && !types.Contains(stem)
            select $"{file.Path} holds {string.Join(", ", types)}",
            "Name the file after the type, or the part of a type as Type.Part.cs.");

    [Theory]
    [InlineData("PathHelper", true)]
    [InlineData("StringUtils", true)]
    [InlineData("Utility", true)]
    [InlineData("LockManager", true)]
    [InlineData("Holdfast.Common", true)]
    [InlineData("Community", false)]
    [InlineData("Implied", false)]
    [InlineData("Utilised", false)]
    public void Junk_rooms_are_told_by_whole_words(string name, bool isOne) => Assert.Equal(isOne, JunkRoom().IsMatch(name));

    private static IEnumerable<string> Declared(SourceFile file) => file.Nodes.Select(node => node switch
    {
        BaseTypeDeclarationSyntax type => type.Identifier.Text,
        DelegateDeclarationSyntax type => type.Identifier.Text,
        BaseNamespaceDeclarationSyntax space => space.Name.ToString(),
        _ => null,
    }).OfType<string>();

    [GeneratedRegex("(Helpers?|Util(s|ity|ities)?|Managers?|Common|Misc|Impl)(?![a-z])", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex JunkRoom();
}
