using System.Buffers;
using System.Globalization;
using NpgsqlTypes;

namespace Holdfast.Components.Postgres.Format;

/// <summary>
/// The identity of one WAL segment: its timeline, the upper half of its LSNs (<paramref name="Log"/>), and which part
/// of that log it is. Counting in segments or bytes needs the cluster's segment size, which initdb fixes. Source:
/// PostgreSQL, src/include/access/xlog_internal.h (XLogFileName, XLByteToSeg, XLByteToPrevSeg).
/// </summary>
internal readonly record struct WalSegment(uint Timeline, uint Log, uint Part) : IComparable<WalSegment>
{
    /// <summary>The default segment size of initdb: 16 MiB.</summary>
    public const int UsualSize = 16 << 20;

    /// <summary>The characters of names; PostgreSQL never writes lower-case digits.</summary>
    internal static readonly SearchValues<char> Digits = SearchValues.Create("0123456789ABCDEF");

    /// <summary>The number of characters of a name.</summary>
    public const int NameLength = 24;

    /// <summary>"000000010000000A000000FF": three numbers of eight upper-case hexadecimal digits.</summary>
    public string Name => $"{Timeline:X8}{Log:X8}{Part:X8}";

    /// <summary>Parses a name; false for anything that is not exactly a segment's name.</summary>
    public static bool TryParse(string name, out WalSegment segment)
    {
        segment = default;
        if (name.Length != NameLength || name.AsSpan().ContainsAnyExcept(Digits)) return false;
        segment = new WalSegment(Number(name, 0), Number(name, 8), Number(name, 16));
        return true;
    }

    /// <exception cref="FormatException">The text is not the name of a segment.</exception>
    public static WalSegment Parse(string name) =>
        TryParse(name, out var segment) ? segment : throw new FormatException($"'{name}' is no name of a WAL segment.");

    /// <summary>True for what initdb --wal-segsize allows: a power of two from 1 MiB to 1 GiB.</summary>
    public static bool IsSize(long bytes) => bytes is >= 1 << 20 and <= 1 << 30 && long.IsPow2(bytes);

    /// <summary>The segment that holds the byte at an LSN.</summary>
    public static WalSegment Of(uint timeline, NpgsqlLogSequenceNumber address, int size) => Of(timeline, (ulong)address / (uint)size, size);

    /// <summary>
    /// The segment that holds the byte before an LSN: the last one that is needed to replay up to that LSN. Where a
    /// backup stops exactly at the end of a segment, the next one need not exist yet.
    /// </summary>
    public static WalSegment Before(uint timeline, NpgsqlLogSequenceNumber address, int size) => Of(timeline, ((ulong)address - 1) / (uint)size, size);

    /// <summary>The segment of a number, counted from LSN 0/0.</summary>
    public static WalSegment Of(uint timeline, ulong number, int size) =>
        new(timeline, (uint)(number / PartsOf(size)), (uint)(number % PartsOf(size)));

    /// <summary>Its number, counted from LSN 0/0; the next segment has the next number, on any timeline.</summary>
    public ulong Number(int size) => Log * PartsOf(size) + Part;

    /// <summary>True when a segment of that size can have the name: a log has only so many parts.</summary>
    public bool Fits(int size) => Part < PartsOf(size);

    /// <summary>The LSN of its first byte.</summary>
    public NpgsqlLogSequenceNumber Start(int size) => new(Number(size) * (uint)size);

    /// <summary>The LSN after its last byte.</summary>
    public NpgsqlLogSequenceNumber End(int size) => Next(size).Start(size);

    /// <summary>The segment that follows on the same timeline.</summary>
    public WalSegment Next(int size) => Of(Timeline, Number(size) + 1, size);

    /// <summary>Compares by timeline, then by LSN; the same order as that of the names.</summary>
    public int CompareTo(WalSegment other) => (Timeline, Log, Part).CompareTo((other.Timeline, other.Log, other.Part));

    public override string ToString() => Name;

    public static bool operator <(WalSegment left, WalSegment right) => left.CompareTo(right) < 0;

    public static bool operator >(WalSegment left, WalSegment right) => left.CompareTo(right) > 0;

    public static bool operator <=(WalSegment left, WalSegment right) => left.CompareTo(right) <= 0;

    public static bool operator >=(WalSegment left, WalSegment right) => left.CompareTo(right) >= 0;

    private static ulong PartsOf(int size) => 0x1_0000_0000UL / (uint)size;

    private static uint Number(string name, int at) => uint.Parse(name.AsSpan(at, 8), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture);
}
