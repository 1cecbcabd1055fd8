using System.Text.RegularExpressions;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>One file a change that users see, all of the same shape, so that release notes are put together from them.</summary>
public sealed partial class ChangelogTests
{
    private const string Folder = "changelog/";

    [Fact]
    public void Every_change_follows_the_template() =>
        Report.None(
            from file in Entries()
            from offence in Offences(file)
            select $"{file.Path}: {offence}",
            $"See {Folder}TEMPLATE.md.");

    [Fact]
    public void There_are_changes() => Assert.NotEmpty(Entries());

    private static IEnumerable<SourceFile> Entries() => SourceFiles.All.Where(file =>
        file.Path.StartsWith(Folder, StringComparison.Ordinal) && file.Path.EndsWith(".md", StringComparison.Ordinal) && file.Path.Count(c => c == '/') > 1);

    private static IEnumerable<string> Offences(SourceFile file)
    {
        var lines = file.Text.Split('\n');
        if (!FileName().IsMatch(Path.GetFileName(file.Path))) yield return "the name is not in-small-letters.md";
        if (!Title().IsMatch(lines[0])) yield return "the first line is not 'New|Change|Fix|Security: One short sentence'";
        if (lines is not [_, "", { Length: > 0 }, ..]) yield return "no empty line and text follow the first line";
        if (Array.Exists(lines, line => line.Length > 120)) yield return "a line is longer than 120 characters";
    }

    [GeneratedRegex("^[a-z0-9]+(-[a-z0-9]+)*[.]md$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex FileName();

    [GeneratedRegex("^(New|Change|Fix|Security): [A-Z`].{10,80}[^.]$", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Title();
}
