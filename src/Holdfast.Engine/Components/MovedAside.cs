using System.Text.RegularExpressions;
using Holdfast.Engine.Planning;

namespace Holdfast.Engine.Components;

/// <summary>
/// Recognises the names that runs of Holdfast give to moved-aside copies. Such copies belong to no platform, so the
/// next backup leaves them out. The forms are those of <see cref="RunId"/>, complete and at the end of a name; no other
/// name matches.
/// </summary>
public static partial class MovedAside
{
    /// <summary>What a restore adds to the name of files, folders and data directories; servers that take small letters alone get it in those.</summary>
    public static string Suffix(string run) => $".before-{run}";

    /// <summary>
    /// True for the name of a file or folder: ".NAME.before-RUN~" and ".NAME.before-RUN.2~" of files and folders, "NAME.before-RUN" of data
    /// directories and tablespaces, and the same with the run in small letters of a configuration that 'search prepare' has changed.
    /// </summary>
    /// <param name="name">The last name of a path.</param>
    public static bool IsFile(ReadOnlySpan<char> name) =>
        name.Contains(".before-", StringComparison.Ordinal) && (Hidden().IsMatch(name) || Plain().IsMatch(name));

    /// <summary>True for the name of a database: "NAME_before_RUN", the run in small letters and with an underscore.</summary>
    public static bool IsDatabase(ReadOnlySpan<char> name) => Database().IsMatch(name);

    [GeneratedRegex(@"\A\..+\.before-[0-9]{8}T[0-9]{6}Z-[0-9a-f]{6}(?:\.[0-9]+)?~\z", RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Hidden();

    [GeneratedRegex(@"\A.+\.before-(?:[0-9]{8}T[0-9]{6}Z|[0-9]{8}t[0-9]{6}z)-[0-9a-f]{6}\z", RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Plain();

    [GeneratedRegex(@"\A.+_before_[0-9]{8}t[0-9]{6}z_[0-9a-f]{6}\z", RegexOptions.Singleline, matchTimeoutMilliseconds: 1000)]
    private static partial Regex Database();
}
