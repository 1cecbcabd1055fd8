using System.Buffers;
using System.Globalization;
using System.Security.Cryptography;
using Holdfast.Restic.Posix;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Names that files have until they are complete: ".NAME.holdfast-0123456789abcdef.tmp", in the folder of the file, so that a
/// rename finishes it. A restore that was killed leaves some; the next one removes them.
/// </summary>
internal sealed class TemporaryName
{
    private const string Mark = ".holdfast-", End = ".tmp";
    private const int Digits = 16, LongestName = 255; // NAME_MAX, in bytes

    private static readonly SearchValues<char> HexDigits = SearchValues.Create("0123456789abcdef");

    private readonly uint _run = (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
    private uint _count;

    /// <summary>A path that nobody else uses, beside the given one.</summary>
    public string Beside(string path)
    {
        var slash = path.LastIndexOf('/') + 1;
        var number = Interlocked.Increment(ref _count);
        return string.Create(CultureInfo.InvariantCulture, $"{path.AsSpan(0, slash)}.{Shorten(path.AsSpan(slash))}{Mark}{_run:x8}{number:x8}{End}");
    }

    /// <summary>True for a name that a restore has made up.</summary>
    public static bool IsTemporary(string name)
    {
        var mark = name.Length - End.Length - Digits - Mark.Length;
        return mark > 0 && name[0] == '.' && name.EndsWith(End, StringComparison.Ordinal)
            && name.AsSpan(mark, Mark.Length).SequenceEqual(Mark) && name.AsSpan(mark + Mark.Length, Digits).IndexOfAnyExcept(HexDigits) < 0;
    }

    private static ReadOnlySpan<char> Shorten(ReadOnlySpan<char> name)
    {
        Span<byte> bytes = stackalloc byte[FileName.MaxByteCount(LongestName)];
        name = name[..Math.Min(name.Length, LongestName)];
        while (FileName.Encode(name, bytes) > LongestName - 1 - Mark.Length - Digits - End.Length)
            name = name[..^(name.Length > 1 && char.IsHighSurrogate(name[^2]) ? 2 : 1)];
        return name;
    }
}
