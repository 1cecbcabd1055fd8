using Holdfast.Engine.Hosts;

namespace Holdfast.Cli.Setup;

/// <summary>The names of system users, from /etc/passwd.</summary>
internal static class UserNames
{
    /// <summary>The limit of the file that is read: 1 MiB.</summary>
    private const int LargestFile = 1 << 20;

    /// <summary>The name of a uid, or the number where it has none.</summary>
    public static string Of(uint uid)
    {
        var entries = OwnedFile.ReadText("/etc/passwd", LargestFile, followLinks: true).Split('\n').Select(line => line.Split(':'));
        return entries.FirstOrDefault(entry => entry.Length > 2 && entry[2] == $"{uid}")?[0] ?? $"{uid}";
    }
}
