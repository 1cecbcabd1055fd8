using System.Text.RegularExpressions;
using Xunit;

namespace Holdfast.Tests.Conventions;

/// <summary>What the text of the repository never holds.</summary>
public sealed partial class TextTests
{
    [Fact]
    public void Nothing_is_left_for_later_in_the_code() =>
        Report.None(Matches(SourceFiles.Code, Unfinished()), "Finish it, or write it down as an issue.");

    [Fact]
    public void Nothing_names_a_place_of_one_machine() =>
        Report.None(Matches(SourceFiles.All, OneMachine()), "Say it in a way that holds on every machine.");

    [Fact]
    public void Lines_end_as_on_Linux_and_the_last_one_ends() =>
        Report.None(
            from file in SourceFiles.All
            where !file.Path.EndsWith(".lock.json", StringComparison.Ordinal) // NuGet writes these
            where file.Text.Length > 0 && (file.Text.Contains('\r') || file.Text[^1] != '\n')
            select file.Path,
            "Let the editor follow .editorconfig.");

    private static IEnumerable<string> Matches(IEnumerable<SourceFile> files, Regex pattern) =>
        from file in files
        from line in file.Text.Split('\n').Index()
        where pattern.IsMatch(line.Item)
        select $"{file.Path}:{line.Index + 1}: {line.Item.Trim()}";

    [GeneratedRegex(@"\b(TO[D]O|FIX[M]E|HA[C]K|XX[X])\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Unfinished();

    [GeneratedRegex(@"(?<![\w.*>}])/(home|Users|work)/\w|/tmp/(w|ref|land)\b", RegexOptions.ExplicitCapture, matchTimeoutMilliseconds: 1000)]
    private static partial Regex OneMachine();
}
