using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Names that files have until they are complete: ".holdfast-", sixteen digits, eight more that follow from these, ".tmp", in the folder of the
/// file, so that a rename finishes it. A restore that was killed leaves some; the next one removes them. They are short, so that every name
/// that can exist can be restored, and the check digits keep a user's file from being taken for one.
/// </summary>
internal sealed class TemporaryName
{
    private const string Mark = ".holdfast-", End = ".tmp";
    private const int Digits = 16, CheckDigits = 8;

    private readonly uint _run = (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
    private uint _count;

    /// <summary>A name that nothing else has.</summary>
    public string Next()
    {
        var digits = string.Create(CultureInfo.InvariantCulture, $"{_run:x8}{Interlocked.Increment(ref _count):x8}");
        return $"{Mark}{digits}{Check(digits)}{End}";
    }

    /// <summary>True for a name that a restore has made up.</summary>
    public static bool IsTemporary(string name)
    {
        if (name.Length != Mark.Length + Digits + CheckDigits + End.Length) return false;
        if (!name.StartsWith(Mark, StringComparison.Ordinal) || !name.EndsWith(End, StringComparison.Ordinal)) return false;
        var digits = name.AsSpan(Mark.Length, Digits);
        return name.AsSpan(Mark.Length + Digits, CheckDigits).SequenceEqual(Check(digits));
    }

    private static string Check(ReadOnlySpan<char> digits)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(Encoding.UTF8.GetBytes($"holdfast restore {digits}"), hash);
        return Convert.ToHexStringLower(hash[..(CheckDigits / 2)]);
    }
}
