using Holdfast.Restic.Posix;

namespace Holdfast.Engine.Hosts;

/// <summary>Where file systems are mounted, as this process sees them. Source: proc(5), "/proc/pid/mountinfo".</summary>
public static class MountTable
{
    private const int PlaceField = 4;

    /// <summary>The mount points in the kernel's order.</summary>
    public static IReadOnlyList<string> Places() => Parse(File.ReadAllBytes("/proc/self/mountinfo"));

    /// <summary>The mount points in the bytes of a mountinfo file.</summary>
    public static IReadOnlyList<string> Parse(ReadOnlySpan<byte> table)
    {
        var places = new List<string>();
        foreach (var line in table.Split((byte)'\n'))
        {
            var field = 0;
            foreach (var word in table[line].Split((byte)' '))
                if (field++ == PlaceField) places.Add(Decode(table[line][word]));
        }
        return places;
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
