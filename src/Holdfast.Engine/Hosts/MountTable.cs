using Holdfast.Restic.Posix;

namespace Holdfast.Engine.Hosts;

/// <summary>Where file systems are mounted, as this process sees them. Source: proc(5), "/proc/pid/mountinfo".</summary>
public static class MountTable
{
    private const int PlaceField = 4;

    /// <summary>The mount points in the kernel's order.</summary>
    public static IReadOnlyList<string> Places() => Parse(File.ReadAllBytes("/proc/self/mountinfo"));

    /// <summary>The mount points in the bytes of a mountinfo file.</summary>
    public static IReadOnlyList<string> Parse(ReadOnlySpan<byte> table) => [.. ParseMounts(table).Select(mount => mount.Place)];

    /// <summary>
    /// The type ("fuse.sshfs") of the FUSE file system that is mounted at a path itself; null where there is none.
    /// </summary>
    public static string? UserFileSystemAt(string path) => UserFileSystemAt(path, File.ReadAllBytes("/proc/self/mountinfo"));

    /// <summary>
    /// The same for the bytes of a mountinfo file. The last mount covers earlier ones; "fuseblk" is a disk that root
    /// mounted.
    /// </summary>
    public static string? UserFileSystemAt(string path, ReadOnlySpan<byte> table) =>
        ParseMounts(table).LastOrDefault(mount => mount.Place == path).Type is { } type
            && (type == "fuse" || type.StartsWith("fuse.", StringComparison.Ordinal)) ? type : null;

    private static List<(string Place, string? Type)> ParseMounts(ReadOnlySpan<byte> table)
    {
        var mounts = new List<(string Place, string? Type)>();
        foreach (var line in table.Split((byte)'\n'))
        {
            var words = new List<Range>();
            foreach (var word in table[line].Split((byte)' ')) words.Add(word);
            if (words.Count <= PlaceField) continue;
            var fields = table[line];
            var end = words.Count;
            for (var field = PlaceField + 1; field < end; field++)
                if (fields[words[field]].SequenceEqual("-"u8)) end = field; // before it stand as many fields as the kernel likes
            mounts.Add((Decode(fields[words[PlaceField]]), end + 1 < words.Count ? Decode(fields[words[end + 1]]) : null));
        }
        return mounts;
    }

    // The kernel writes a space, a tab, a line break, a backslash and a number sign as a backslash and three octal digits.
    private static string Decode(ReadOnlySpan<byte> word)
    {
        var bytes = new byte[word.Length];
        var count = 0;
        for (var i = 0; i < word.Length; i++)
        {
            if (word[i] == '\\' && i + 3 < word.Length && IsOctal(word.Slice(i + 1, 3)))
            {
                bytes[count++] = (byte)(((word[i + 1] - '0') << 6) | ((word[i + 2] - '0') << 3) | (word[i + 3] - '0'));
                i += 3;
            }
            else
            {
                bytes[count++] = word[i];
            }
        }
        return FileName.Decode(bytes.AsSpan(0, count));
    }

    private static bool IsOctal(ReadOnlySpan<byte> digits) => digits.IndexOfAnyExceptInRange((byte)'0', (byte)'7') < 0;
}
