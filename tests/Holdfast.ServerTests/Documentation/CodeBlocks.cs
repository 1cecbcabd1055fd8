using System.Text.RegularExpressions;

namespace Holdfast.ServerTests.Documentation;

/// <summary>The fenced blocks of a Markdown text.</summary>
internal static partial class CodeBlocks
{
    /// <summary>Those of one language ("csharp", "sh"), in order.</summary>
    public static IReadOnlyList<string> Of(string markdown, string language) =>
        [.. Block().Matches(markdown).Where(match => match.Groups["language"].Value == language).Select(match => match.Groups["code"].Value)];

    [GeneratedRegex("^```(?<language>[a-z]*)[^\n]*\n(?<code>.*?)^```$", RegexOptions.ExplicitCapture | RegexOptions.Multiline | RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Block();
}
