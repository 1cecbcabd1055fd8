using System.Globalization;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Names for files that are moved aside: ".NAME.before-RUN~" in the same directory. The leading dot hides them from the
/// globs of shells, nginx and Apache, the trailing tilde from logrotate, sudo and run-parts, which process every file
/// that does not look like an editor's backup; the name does not end with a suffix that a service looks for (.conf,
/// .service, .rules).
/// </summary>
internal static class AsideName
{
    private const char End = '~';
    private const int LongestName = 255; // NAME_MAX, in bytes

    /// <summary>
    /// Returns the name, and then numbered alternatives, in case it exists. The end of NAME is truncated if necessary.
    /// </summary>
    public static IEnumerable<string> All(string name, string suffix)
    {
        yield return Of(name, suffix);
        for (var number = 1; number > 0; number++)
            yield return Of(name, string.Create(CultureInfo.InvariantCulture, $"{suffix}.{number}"));
    }

    private static string Of(string name, string suffix)
    {
        var dot = name.StartsWith('.') ? "" : ".";
        var room = LongestName - dot.Length - FileName.Encode(suffix).Length - 1;
        return $"{dot}{Shorten(name, room)}{suffix}{End}";
    }

    private static ReadOnlySpan<char> Shorten(ReadOnlySpan<char> name, int room)
    {
        var bytes = new byte[FileName.MaxByteCount(name.Length)];
        while (name.Length > 1 && FileName.Encode(name, bytes) > room)
            name = name[..^(name.Length > 1 && char.IsHighSurrogate(name[^2]) ? 2 : 1)];
        return name;
    }
}
