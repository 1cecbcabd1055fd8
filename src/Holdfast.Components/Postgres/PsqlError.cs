using System.Globalization;
using System.Text.RegularExpressions;

namespace Holdfast.Components.Postgres;

/// <summary>
/// One thing that psql complained of. psql goes on after an error and ends with 0, and if told to stop at the first it stops at
/// harmless ones too: so every complaint is read, and judged by its SQLSTATE, which is empty when psql itself complains.
/// </summary>
internal sealed partial record PsqlError(int Line, string State, string Message)
{
    /// <summary>Reads standard error as psql writes it with VERBOSITY verbose.</summary>
    public static IReadOnlyList<PsqlError> ReadAll(string errors) =>
        [.. Complaint().Matches(errors).Where(match => !IsNotice(match)).Select(Of)];

    public override string ToString() => State.Length == 0 ? Message : $"{Message} [{State}]";

    /// <summary>A server that speaks another language, and lets us not change that, has its notices taken for errors: better than the reverse.</summary>
    private static bool IsNotice(Match match) =>
        match.Groups["severity"].Value is "NOTICE" or "WARNING" or "INFO" or "LOG" or "DEBUG" or "warning";

    private static PsqlError Of(Match match) =>
        new(int.Parse(match.Groups["line"].Value, CultureInfo.InvariantCulture), match.Groups["state"].Value, match.Groups["message"].Value.TrimEnd());

    [GeneratedRegex(
        @"^psql:<stdin>:(?<line>\d+): (?<severity>[^\s:]+): (?: (?<state>[0-9A-Z]{5}): )?(?<message>.*)$",
        RegexOptions.Multiline | RegexOptions.CultureInvariant | RegexOptions.ExplicitCapture,
        matchTimeoutMilliseconds: 10_000)]
    private static partial Regex Complaint();
}
