using System.Globalization;
using System.Security.Cryptography;
using System.Text;

namespace Holdfast.Restic.Restoring;

/// <summary>
/// Names of files until they are complete: ".holdfast-", sixteen digits, eight check digits, ".tmp", in the directory
/// of the file, so that a rename finishes it. A killed restore leaves some; the next one removes them. They are short,
/// so that a file of any valid name can be restored, and the check digits prevent a user's file from being mistaken for
/// one.
/// </summary>
internal sealed class TemporaryName
{
    private const string Mark = ".holdfast-", End = ".tmp";
    private const int Digits = 16, CheckDigits = 8;

    private readonly uint _run = (uint)RandomNumberGenerator.GetInt32(int.MaxValue);
    private uint _count;

    /// <summary>Returns a new random name.</summary>
    public string Next()
    {
        var digits = string.Create(CultureInfo.InvariantCulture, $"{_run:x8}{Interlocked.Increment(ref _count):x8}");
        return $"{Mark}{digits}{Check(digits)}{End}";
    }

    /// <summary>Returns true for a name that a restore has generated.</summary>
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
